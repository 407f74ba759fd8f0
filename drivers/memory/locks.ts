import type { Lock } from '../../core/ports/job.js'
import { createHeap, type Placed } from './heap.js'
import type { JobEntry } from './job-entry.js'

/** Who keeps others out. */
export interface Holder {
  readonly id: string
  /** Absent when the job has ended and holds on for a time. */
  readonly entry: JobEntry | undefined
}

/** The locks of one queue. */
export interface Locks {
  /** How many are remembered. */
  readonly size: number
  holder(key: string, now: number): Holder | undefined
  /** Gives the lock to a job that was stored just now. */
  take(entry: JobEntry, lock: Lock): void
  /** Says that the job has been claimed for the first time, or has ended. */
  reached(moment: 'claimed' | 'ended', entry: JobEntry): void
}

interface Hold extends Placed {
  readonly key: string
  readonly id: string
  entry: JobEntry | undefined
  readonly until: number
}

export function createLocks(): Locks {
  const holds = new Map<string, Hold>()
  /** Those that end by themselves. */
  const timed = createHeap<Hold>((left, right) => left.until < right.until)

  function free(hold: Hold): void {
    holds.delete(hold.key)
    if (hold.until !== Number.POSITIVE_INFINITY) timed.remove(hold)
  }

  function freeExpired(now: number): void {
    for (let next = timed.peek(); next && next.until <= now; next = timed.peek()) free(next)
  }

  return {
    get size() {
      return holds.size
    },
    holder(key, now) {
      freeExpired(now)
      return holds.get(key)
    },
    take(entry, { key, until }) {
      const known = holds.get(key)
      if (known) free(known)
      const end = typeof until === 'number' ? entry.enqueuedAt + until : Number.POSITIVE_INFINITY
      const hold: Hold = { key, id: entry.job.id, entry, until: end, place: 0 }
      holds.set(key, hold)
      if (end !== Number.POSITIVE_INFINITY) timed.push(hold)
    },
    reached(moment, entry) {
      const lock = entry.job.lock
      const hold = lock && holds.get(lock.key)
      if (hold?.entry !== entry) return
      if (typeof lock?.until !== 'number') {
        if (moment === 'ended' || lock?.until === 'claimed') free(hold)
      } else if (moment === 'ended') hold.entry = undefined // Its record must not live as long as the lock.
    },
  }
}
