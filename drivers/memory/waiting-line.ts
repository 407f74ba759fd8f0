import type { QueueCounts } from '../../core/ports/job.js'
import { createFifo, type Fifo } from './fifo.js'
import { createHeap } from './heap.js'
import type { JobEntry } from './job-entry.js'

type Counts = { -readonly [State in keyof QueueCounts]: number }

/** The jobs of one queue, in the order in which they are to run. */
export interface WaitingLine {
  readonly counts: Counts
  /** The claimed jobs. */
  readonly active: Set<JobEntry>
  /** Nothing may be claimed. */
  paused: boolean
  /** No lease of `active` lapses before this moment. */
  nextLapse: number
  /** Puts a job at the end of its priority, or aside until it is due. */
  add(entry: JobEntry, now: number): void
  /** Takes the next job that is due. */
  take(now: number): JobEntry | undefined
  /** Says that a waiting or delayed job has gone elsewhere. */
  dropped(): void
  /** When the next delayed job is due; 0 when one is waiting already. */
  nextDue(now: number): number | undefined
  /** Moves delayed jobs that are due by now to the waiting ones. */
  promote(now: number): void
}

export function createLine(): WaitingLine {
  const counts: Counts = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
  const delayed = createHeap<JobEntry>(isDueBefore)
  const byPriority = new Map<number, Fifo<JobEntry>>()
  /** The keys of `byPriority`. */
  const priorities = createHeap<number>((left, right) => left > right)
  let delays = 0
  /** How many places the lines of `byPriority` have, those of cancelled jobs included. */
  let places = 0

  function addWaiting(entry: JobEntry): void {
    const { priority } = entry.job
    let fifo = byPriority.get(priority)
    if (!fifo) {
      fifo = createFifo()
      byPriority.set(priority, fifo)
      priorities.push(priority)
    }
    entry.state = 'waiting'
    counts.waiting++
    places++
    fifo.push(entry)
  }

  function promote(now: number): void {
    for (let top = delayed.peek(); top && (top.dueAt <= now || top.state !== 'delayed'); top = delayed.peek()) {
      delayed.pop()
      if (top.state !== 'delayed') continue
      counts.delayed--
      addWaiting(top)
    }
  }

  function takeWaiting(): JobEntry | undefined {
    for (let priority = priorities.peek(); priority !== undefined; priority = priorities.peek()) {
      const fifo = byPriority.get(priority)
      for (let entry = fifo?.shift(); entry; entry = fifo?.shift()) {
        places--
        if (entry.state === 'waiting') return entry
      }
      byPriority.delete(priority)
      priorities.pop()
    }
    return undefined
  }

  /** Cancelled jobs are left in place and passed over; they must not outnumber the rest. */
  function tidy(): void {
    if (delayed.size > 2 * counts.delayed) delayed.retain((entry) => entry.state === 'delayed')
    if (places <= 2 * counts.waiting) return
    for (const fifo of byPriority.values()) fifo.retain((entry) => entry.state === 'waiting')
    places = counts.waiting
  }

  return {
    counts,
    active: new Set(),
    paused: false,
    nextLapse: Number.POSITIVE_INFINITY,
    promote,
    add(entry, now) {
      promote(now) // those that became due before it go first
      if (entry.dueAt <= now) return addWaiting(entry)
      entry.state = 'delayed'
      entry.delayedAs = ++delays
      counts.delayed++
      delayed.push(entry)
    },
    take(now) {
      promote(now)
      const entry = takeWaiting()
      if (entry) counts.waiting--
      return entry
    },
    dropped: tidy,
    nextDue(now) {
      promote(now)
      return counts.waiting > 0 ? 0 : delayed.peek()?.dueAt
    },
  }
}

function isDueBefore(left: JobEntry, right: JobEntry): boolean {
  return left.dueAt === right.dueAt ? left.delayedAs < right.delayedAs : left.dueAt < right.dueAt
}
