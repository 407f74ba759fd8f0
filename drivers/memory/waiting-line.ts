import type { QueueCounts } from '../../core/ports/queue.js'
import { createFifo, type Fifo } from './fifo.js'
import { createHeap } from './heap.js'
import type { JobEntry } from './job-entry.js'

type Counts = { -readonly [State in keyof QueueCounts]: number }

/** The jobs of one queue, in the order in which they are to run. */
export interface WaitingLine {
  readonly counts: Counts
  /** The claimed jobs. */
  readonly active: Set<JobEntry>
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

/** Up to so many priorities stay known while no job has them. */
const manyPriorities = 16

export function createLine(): WaitingLine {
  const counts: Counts = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
  const delayed = createHeap<JobEntry>((left, right) => left.dueAt < right.dueAt)
  const byPriority = new Map<number, Fifo<JobEntry>>()
  let priorities: number[] = []

  function addWaiting(entry: JobEntry): void {
    const { priority } = entry.job
    let fifo = byPriority.get(priority)
    if (!fifo) {
      fifo = createFifo()
      byPriority.set(priority, fifo)
      priorities = [...byPriority.keys()].sort((left, right) => right - left)
    }
    entry.state = 'waiting'
    counts.waiting++
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

  function forget(priority: number): void {
    byPriority.delete(priority)
    priorities = priorities.filter((other) => other !== priority)
  }

  /** Cancelled jobs are left in place and passed over; they must not outnumber the rest. */
  function tidy(): void {
    if (delayed.size > 2 * counts.delayed) delayed.retain((entry) => entry.state === 'delayed')
    const places = [...byPriority.values()].reduce((sum, fifo) => sum + fifo.size, 0)
    if (places <= 2 * counts.waiting) return
    for (const fifo of byPriority.values()) fifo.retain((entry) => entry.state === 'waiting')
  }

  return {
    counts,
    active: new Set(),
    nextLapse: Number.POSITIVE_INFINITY,
    promote,
    add(entry, now) {
      if (entry.dueAt <= now) return addWaiting(entry)
      entry.state = 'delayed'
      counts.delayed++
      delayed.push(entry)
    },
    take(now) {
      promote(now)
      for (const priority of priorities) {
        const fifo = byPriority.get(priority)
        for (let entry = fifo?.shift(); entry; entry = fifo?.shift()) {
          if (entry.state !== 'waiting') continue
          counts.waiting--
          return entry
        }
        if (priorities.length > manyPriorities) forget(priority)
      }
      return undefined
    },
    dropped: tidy,
    nextDue(now) {
      promote(now)
      return counts.waiting > 0 ? 0 : delayed.peek()?.dueAt
    },
  }
}
