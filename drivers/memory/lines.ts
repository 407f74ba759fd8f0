import type { Group } from '../../core/ports/job.js'
import { append, type Chain, type Link, unlink } from './chain.js'
import { createHeap, type Placed } from './heap.js'
import type { JobEntry } from './job-entry.js'

/**
 * Waiting jobs in lines: one for each priority and group, and one for the other jobs of that priority.
 *
 * A line is open while its first job may be given. The open lines of a priority take turns. A line whose group is full is closed and
 * costs a claim nothing, until a place becomes free: then its group looks at its lines, one for each priority.
 */
export interface Lines {
  /** There is a job that may be given. */
  readonly open: boolean
  push(entry: JobEntry): void
  /** Takes the next job that may be given, and a place in its group for it. */
  take(): JobEntry | undefined
  /** Takes out a waiting job. True when that opened its line. */
  remove(entry: JobEntry): boolean
  /** Gives back a place in a group. True when a job had waited for it. */
  free(group: Group): boolean
}

/** Jobs of one priority and group, in their order. */
interface Line extends Link<Line>, Chain<JobEntry> {
  readonly level: Level
  readonly group: Places | undefined
  open: boolean
}

/** The lines of one priority. */
interface Level extends Placed {
  readonly priority: number
  /** The line of the jobs without a group. */
  plain: Line | undefined
  /** How many lines there are. */
  lines: number
  /** The open ones, in the order of their turns. */
  readonly turns: Chain<Line>
}

/** A group with jobs that wait or are active. */
interface Places {
  readonly key: string
  taken: number
  /** One for each priority. Those are few, and often there is one job: no map, and no array that has room for more. */
  lines: readonly Line[]
}

const noLines: readonly Line[] = []

export function createLines(): Lines {
  const levels = new Map<number, Level>()
  const groups = new Map<string, Places>()
  /** The levels with open lines. */
  const open = createHeap<Level>((left, right) => left.priority > right.priority)

  /** Opens or closes a line, as its first job demands. True when that opened it. */
  function review(line: Line): boolean {
    const { level, first } = line
    const mayGive = first !== undefined && hasPlace(line.group, first)
    if (mayGive === line.open) return false
    line.open = mayGive
    if (mayGive) {
      if (!level.turns.first) open.push(level)
      append(level.turns, line)
    } else {
      unlink(level.turns, line)
      if (!level.turns.first) open.remove(level)
    }
    return mayGive
  }

  function reviewAll({ lines }: Places): boolean {
    let opened = false
    for (const line of lines) if (review(line)) opened = true
    return opened
  }

  function lineOf({ job: { priority, group } }: JobEntry): Line {
    const level = found(levels, priority, () => emptyLevel(priority))
    if (!group) {
      level.plain ??= addLine(level, undefined)
      return level.plain
    }
    const places = found(groups, group.key, () => ({ key: group.key, taken: 0, lines: noLines }))
    const known = places.lines.find((line) => line.level === level)
    if (known) return known
    const line = addLine(level, places)
    places.lines = places.lines.concat(line)
    return line
  }

  function drop(line: Line): void {
    const { level, group } = line
    if (group) group.lines = group.lines.filter((each) => each !== line)
    else level.plain = undefined
    if (--level.lines === 0) levels.delete(level.priority)
  }

  function tidy(group: Places): void {
    if (group.taken === 0 && group.lines.length === 0) groups.delete(group.key)
  }

  /** Takes a job out of its line. True when that opened the line. */
  function leave(line: Line, entry: JobEntry): boolean {
    unlink(line, entry)
    const opened = review(line)
    if (!line.first) drop(line)
    return opened
  }

  return {
    get open() {
      return open.size > 0
    },
    push(entry) {
      const line = lineOf(entry)
      append(line, entry)
      if (line.first === entry) review(line)
    },
    take() {
      const level = open.peek()
      const line = level?.turns.first
      const entry = line?.first
      if (!entry) return undefined
      leave(line, entry)
      if (line.group) {
        line.group.taken++
        reviewAll(line.group)
      }
      if (line.open && line.next) passTurn(line)
      return entry
    },
    remove(entry) {
      const line = lineOf(entry)
      const opened = leave(line, entry)
      if (line.group) tidy(line.group)
      return opened
    },
    free({ key }) {
      const group = groups.get(key)
      if (!group) return false
      group.taken--
      const opened = reviewAll(group)
      tidy(group)
      return opened
    },
  }
}

function found<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = create()
  map.set(key, made)
  return made
}

function emptyLevel(priority: number): Level {
  return { priority, plain: undefined, lines: 0, turns: { first: undefined, last: undefined }, place: 0 }
}

function addLine(level: Level, group: Places | undefined): Line {
  level.lines++
  return { level, group, open: false, first: undefined, last: undefined, previous: undefined, next: undefined }
}

function hasPlace(group: Places | undefined, { job }: JobEntry): boolean {
  return !group || !job.group || group.taken < job.group.limit
}

function passTurn(line: Line): void {
  unlink(line.level.turns, line)
  append(line.level.turns, line)
}
