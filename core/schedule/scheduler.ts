import { type CancelTimer, type Clock, within } from '../clock.js'
import { isTriportError, TriportError } from '../errors.js'
import type { Late } from '../late.js'
import type { NewJob } from '../ports/job.js'
import type { QueueDriver } from '../ports/queue.js'
import { answer } from '../queue/answer.js'
import { parts } from '../queue/enqueuer.js'
import type { JobEvents } from '../queue/events.js'
import type { Report } from '../report.js'
import { type Due, dueOccurrences } from './due.js'
import type { KnownSchedule, ScheduleReader } from './reader.js'
import { occurrence } from './stored.js'

export interface SchedulerDeps {
  readonly driver: Late<QueueDriver>
  readonly read: ScheduleReader
  readonly clock: Clock
  random(): number
  readonly report: Report
  readonly events: Pick<JobEvents, 'has' | 'emit'>
  /** The schedules of this instance's configuration. Those of other configurations are left to their own instances. */
  readonly declared: ReadonlySet<string>
}

/**
 * Makes the jobs of all schedules that are this instance's business. Every instance may do so: the backend lets one of them make
 * each occurrence, and the others read again what has become of it.
 *
 * It knows the server's time by what it was at the last read and how long ago that was. So its idea of the time is never ahead of the
 * server's, and no job comes early.
 */
export interface Scheduler {
  start(): void
  /** Something about the schedules has changed. */
  kick(): void
  /** Resolves when no call of the driver is under way. */
  stop(): Promise<void>
}

/** A schedule with its next occurrence. */
interface Entry extends KnownSchedule {
  cursor: number
  next: number | undefined
  /** It was refused for good, and rests until then, on the clock's `monotonic` scale. */
  restsUntil: number
}

/** How old the schedules that were read may become, in milliseconds: other instances change them. */
const freshness = 3_000
/** How long to wait before reading again when another instance was faster, in milliseconds. */
const afterLoss = 250
/** How long one call of the driver may take, in milliseconds. */
const patience = 5_000
/** How long a schedule rests whose jobs the driver refuses for good, in milliseconds. */
const rest = 60_000
/** How many schedules are dealt with at once. */
const together = 20

export function createScheduler({ driver, read, clock, random, report, events, declared }: SchedulerDeps): Scheduler {
  let entries: Entry[] = []
  /** The server's time, when the clock's `monotonic` was `at`. */
  let server = { now: 0, at: Number.NEGATIVE_INFINITY }
  let stale = true
  let again = false
  let stopped = true
  let busy: Promise<void> | undefined
  let disarm: CancelTimer = () => {}

  function serverNow(): number {
    return Math.floor(server.now + clock.monotonic() - server.at)
  }

  async function refresh(): Promise<void> {
    stale = false // Before the call: what changes while it is under way must be read again.
    const reply = await answer(clock, patience, driver.get().schedules())
    server = { now: reply.now, at: clock.monotonic() }
    const before = new Map(entries.map((entry) => [entry.record.name, entry]))
    const known = await read(reply.schedules)
    entries = known.filter(isOurs).map((schedule) => entryOf(schedule, before.get(schedule.record.name)))
  }

  function isOurs({ record, stored }: KnownSchedule): boolean {
    return !record.paused && (stored.origin === 'set' || declared.has(record.name))
  }

  function entryOf(schedule: KnownSchedule, before: Entry | undefined): Entry {
    const { record, recurrence } = schedule
    const { cursor } = record
    const same = before?.record.definition === record.definition
    const next = same && before.cursor === cursor ? before.next : recurrence.next(cursor)
    return { ...schedule, cursor, next, restsUntil: same ? before.restsUntil : 0 }
  }

  /** @returns how long to wait before the next pass, in milliseconds. */
  async function pass(): Promise<number> {
    if (stale || clock.monotonic() - server.at >= freshness) await refresh()
    const due = inTurn(entries.filter(isDue))
    for (let from = 0; from < due.length && !stopped; from += together) {
      if (await tickAll(due.slice(from, from + together))) continue
      stale = true
      return afterLoss * (0.5 + random() / 2)
    }
    return Math.min(server.at + freshness - clock.monotonic(), ...entries.map(untilDue))
  }

  function isDue(entry: Entry): boolean {
    return untilDue(entry) <= 0
  }

  function untilDue({ next, restsUntil }: Entry): number {
    if (next === undefined) return Number.POSITIVE_INFINITY
    return Math.max(next - serverNow(), restsUntil - clock.monotonic())
  }

  /** Each instance begins elsewhere, so that they do not all make the same jobs. */
  function inTurn(due: readonly Entry[]): readonly Entry[] {
    const first = Math.floor(random() * due.length)
    return [...due.slice(first), ...due.slice(0, first)]
  }

  /** Waits for all, also when one fails: no call may be under way when the pass is over. */
  async function tickAll(due: readonly Entry[]): Promise<boolean> {
    const ticks = await Promise.allSettled(due.map(tick))
    for (const ticked of ticks) if (ticked.status === 'rejected') throw ticked.reason
    return ticks.every((ticked) => ticked.status === 'fulfilled' && ticked.value)
  }

  /** Makes the jobs that are due. @returns false when the schedule is no longer as it was read. */
  async function tick(entry: Entry): Promise<boolean> {
    const { record, stored, recurrence } = entry
    try {
      const due = dueOccurrences(recurrence, { missed: stored.missed, cursor: entry.cursor, now: serverNow() })
      if (due && !(await make(entry, due))) return false
      entry.next = recurrence.next(entry.cursor)
    } catch (error) {
      if (isTriportError(error) && error.retryable) throw error
      entry.restsUntil = clock.monotonic() + rest
      report(error, { stage: 'schedules.tick', schedule: record.name })
    }
    return true
  }

  async function make(entry: Entry, { moments, to, dropped }: Due): Promise<boolean> {
    const { record, stored, cursor } = entry
    const jobs = moments.map((moment) => ({ moment, job: occurrence(record.name, stored, moment) }))
    const pieces = jobs.length > 0 ? parts(jobs, ({ job }) => job) : [[]]
    for (const [index, piece] of pieces.entries()) {
      const enqueue = piece.map(({ job }) => job)
      if (!(await move(entry, piece.at(-1)?.moment ?? to, enqueue))) return false
      if (index > 0 || dropped === undefined) continue
      report(missed(record.name, cursor, dropped), { stage: 'schedules.tick', schedule: record.name })
    }
    return true
  }

  async function move(entry: Entry, to: number, enqueue: readonly NewJob[]): Promise<boolean> {
    const { name, definition } = entry.record
    const tick = { name, definition, from: entry.cursor, to, enqueue }
    if (!(await answer(clock, patience, driver.get().tickSchedule(tick)))) return false
    entry.cursor = to
    if (events.has('enqueued')) for (const job of enqueue) tell(job)
    return true
  }

  /** Whether a job that is unique found its key taken, the driver does not say. */
  function tell({ id, task, queue, lock }: NewJob): void {
    if (!lock) events.emit({ type: 'enqueued', id, task, queue, attempts: 0 })
  }

  async function turn(): Promise<void> {
    let wait = freshness
    again = false
    try {
      wait = await pass()
    } catch (error) {
      stale = true
      wait = freshness * (0.5 + random() / 2)
      if (!stopped) report(error, { stage: 'schedules' })
    }
    busy = undefined
    arm(again ? 0 : wait)
  }

  function arm(ms: number): void {
    disarm()
    if (!stopped) disarm = clock.after(Math.max(1, Math.ceil(ms)), run)
  }

  function run(): void {
    busy ??= turn()
  }

  return {
    start() {
      stopped = false
      stale = true
      run()
    },
    kick() {
      stale = true
      again = true
      if (!busy) arm(0)
    },
    async stop() {
      stopped = true
      disarm()
      if (busy) await within(clock, patience, busy)
    },
  }
}

function missed(name: string, after: number, until: number): TriportError {
  return new TriportError(
    'ERR_SCHEDULE_MISSED',
    `Schedule "${name}" was not run for so long that occurrences after ${isoTime(after)} up to ${isoTime(until)} are dropped.`,
    { details: { schedule: name, after: new Date(after), until: new Date(until) } },
  )
}

function isoTime(moment: number): string {
  return new Date(moment).toISOString()
}
