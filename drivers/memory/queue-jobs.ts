import type { QueueCounts } from '../../core/ports/job.js'
import { append, type Chain, unlink } from './chain.js'
import { createEndedRoll } from './ended-jobs.js'
import { createHeap } from './heap.js'
import { type Ended, type EndState, hasEnded, type JobEntry } from './job-entry.js'
import { createLines } from './lines.js'
import { createLocks, type Locks } from './locks.js'
import { createRoll, type Roll } from './roll.js'
import { createTokenBucket, type TokenBucket } from './token-bucket.js'

type Counts = { -readonly [State in keyof QueueCounts]: number }

/** The jobs of one queue. */
export interface QueueJobs {
  readonly counts: Counts
  /** The jobs that have not ended, in the order in which they were enqueued. */
  readonly live: Roll<JobEntry>
  /** Those that have, in the order in which they ended. */
  readonly ended: Readonly<Record<EndState, Roll<Ended>>>
  /** The claimed ones. */
  readonly active: Chain<JobEntry>
  readonly locks: Locks
  readonly bucket: TokenBucket
  /** Nothing may be claimed. */
  paused: boolean
  /** The latest claim found, or made, as many jobs active as it allows. */
  full: boolean
  /** No lease of `active` lapses before this moment. */
  nextLapse: number
  /** There is a job that may be given. */
  readonly open: boolean
  /** Puts a job at the end of its line, or aside until it is due. */
  add(entry: JobEntry, now: number): void
  /** Makes a delayed job due at once. */
  hasten(entry: JobEntry, now: number): void
  /** Takes the next job that may be given, to make it active. */
  take(): JobEntry | undefined
  /** Ends the claim on an active job. True when another one had waited for its place. */
  give(entry: JobEntry, now: number): boolean
  /** Takes out a waiting or delayed job. True when another one had waited behind it. */
  remove(entry: JobEntry): boolean
  /** Moves delayed jobs that are due by now to the waiting ones. */
  promote(now: number): void
  /** When the next delayed job is due. */
  nextDelayed(): number | undefined
}

export function createQueueJobs(): QueueJobs {
  const counts: Counts = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
  const delayed = createHeap<JobEntry>(isDueBefore)
  const lines = createLines()
  const active: Chain<JobEntry> = { first: undefined, last: undefined }

  function wait(entry: JobEntry): void {
    entry.state = 'waiting'
    counts.waiting++
    lines.push(entry)
  }

  function promote(now: number): void {
    for (let next = delayed.peek(); next && next.dueAt <= now; next = delayed.peek()) {
      delayed.pop()
      counts.delayed--
      wait(next)
    }
  }

  function add(entry: JobEntry, now: number): void {
    promote(now) // those that became due before it go first
    if (entry.dueAt <= now) wait(entry)
    else {
      entry.state = 'delayed'
      counts.delayed++
      delayed.push(entry)
    }
  }

  function remove(entry: JobEntry): boolean {
    if (entry.state === 'waiting') {
      counts.waiting--
      return lines.remove(entry)
    }
    counts.delayed--
    delayed.remove(entry)
    return false
  }

  const queue: QueueJobs = {
    counts,
    live: createRoll<JobEntry>({ numberOf: ({ number }) => number, isGone: hasEnded }),
    ended: { completed: createEndedRoll(), failed: createEndedRoll(), cancelled: createEndedRoll() },
    active,
    locks: createLocks(),
    bucket: createTokenBucket(),
    paused: false,
    full: false,
    nextLapse: Number.POSITIVE_INFINITY,
    get open() {
      return lines.open
    },
    add,
    hasten(entry, now) {
      remove(entry)
      entry.dueAt = now
      add(entry, now)
    },
    take() {
      const entry = lines.take()
      if (!entry) return undefined
      counts.waiting--
      counts.active++
      append(active, entry)
      return entry
    },
    give(entry, now) {
      promote(now)
      unlink(active, entry)
      counts.active--
      const wasFull = queue.full
      queue.full = false
      const { group } = entry.job
      const freed = group !== undefined && lines.free(group)
      return freed || (wasFull && lines.open)
    },
    remove,
    promote,
    nextDelayed: () => delayed.peek()?.dueAt,
  }
  return queue
}

function isDueBefore(left: JobEntry, right: JobEntry): boolean {
  return left.dueAt === right.dueAt ? left.number < right.number : left.dueAt < right.dueAt
}
