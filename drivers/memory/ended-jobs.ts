import { createHeap } from './heap.js'
import type { Ended } from './job-entry.js'
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

/**
 * @param limit How many records are kept at most; the oldest go first.
 * @param forget Called with a record that goes.
 */
export function createEndedJobs(limit: number, forget: (ended: Ended) => void): EndedJobs {
  const byExpiry = createHeap<Ended>((left, right) => left.keepUntil < right.keepUntil)
  const byEnd = createRoll<Ended>({ numberOf: ({ number }) => number, isGone: ({ entry }) => !entry })

  function drop(ended: Ended): void {
    byExpiry.remove(ended)
    forget(ended)
    byEnd.left(byExpiry.size)
  }

  return {
    add(ended) {
      byExpiry.push(ended)
      byEnd.push(ended)
      while (byExpiry.size > limit) drop(byEnd.oldest as Ended)
    },
    drop,
    expire(now) {
      for (let next = byExpiry.peek(); next && next.keepUntil <= now; next = byExpiry.peek()) drop(next)
    },
  }
}
