import { createHeap } from './heap.js'
import { type Ended, expiryOf } from './job-entry.js'
import { createRoll } from './roll.js'

/** The records of ended jobs, of all queues: each is kept for its time, and so many at most. */
export interface EndedJobs {
  /** Keeps a record; the oldest goes when there are too many. */
  add(ended: Ended): void
  /** Forgets a record before its time. */
  drop(ended: Ended): void
  /** Forgets those whose time has passed. */
  expire(now: number): void
}

/** Records that were dropped are cleared away when there are this many, and more than the rest. */
const slack = 64

/**
 * @param limit How many records are kept at most; the oldest go first.
 * @param forget Called with a record that goes; takes its entry away.
 */
export function createEndedJobs(limit: number, forget: (ended: Ended) => void): EndedJobs {
  const byExpiry = createHeap<Ended>((left, right) => expiryOf(left) < expiryOf(right))
  const byEnd = createRoll<Ended>({ numberOf: ({ number }) => number, isGone: ({ entry }) => !entry })
  let kept = 0

  function drop(ended: Ended): void {
    if (!ended.entry) return
    forget(ended)
    kept--
    byEnd.left(kept)
    // Taking each out at once would cost more than all else that an end costs.
    if (byExpiry.size > 2 * kept + slack) byExpiry.retain(({ entry }) => entry !== undefined)
  }

  return {
    add(ended) {
      byExpiry.push(ended)
      byEnd.push(ended)
      kept++
      while (kept > limit) drop(byEnd.oldest as Ended)
    },
    drop,
    expire(now) {
      for (let next = byExpiry.peek(); next && expiryOf(next) <= now; next = byExpiry.peek()) {
        byExpiry.pop()
        drop(next)
      }
    },
  }
}
