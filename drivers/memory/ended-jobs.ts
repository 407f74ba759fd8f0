import { createHeap } from './heap.js'
import { type Ended, expiryOf, type Shelf } from './job-entry.js'
import { createRoll, type Roll } from './roll.js'

/** The records of ended jobs, of all queues: each is kept for its time, and so many at most. */
export interface EndedJobs {
  /** Where a record belongs whose job ends now. One that is kept for no time must not be added. */
  shelf(keep: number, now: number): Shelf
  /** Keeps a record; the oldest goes when there are too many. */
  add(ended: Ended): void
  /** Forgets a record before its time. */
  drop(ended: Ended): void
  /** Forgets those whose time has passed. */
  expire(now: number): void
}

/**
 * @param limit How many records are kept at most; the oldest go first.
 * @param forget Called with a record that goes; takes its entry away.
 */
export function createEndedJobs(limit: number, forget: (ended: Ended) => void): EndedJobs {
  /** The shelves that are in use, by `keep`. */
  const shelves = new Map<number, Shelf>()
  const byDue = createHeap<Shelf>((left, right) => left.due < right.due)
  const all = createEndedRoll()
  const unkept = emptyShelf(0, 0)
  let kept = 0

  function drop(ended: Ended): void {
    if (!ended.entry) return
    const { shelf } = ended
    forget(ended)
    shelf.records.left(--shelf.size)
    all.left(--kept)
  }

  /** Forgets what has expired of a shelf, and puts it back to where its next record is due. */
  function clear(shelf: Shelf, now: number): void {
    let { oldest } = shelf.records
    for (; oldest && expiryOf(oldest) <= now; oldest = shelf.records.oldest) drop(oldest)
    if (oldest) {
      shelf.due = expiryOf(oldest)
      byDue.push(shelf)
    } else if (shelves.get(shelf.keep) === shelf) shelves.delete(shelf.keep)
  }

  return {
    shelf(keep, now) {
      if (keep <= 0) return unkept
      const known = shelves.get(keep)
      // When the clock was set back, another one is begun: what is on a shelf expires in its order.
      const shelf = known && known.newest <= now ? known : emptyShelf(keep, now)
      if (shelf !== known) {
        shelves.set(keep, shelf)
        byDue.push(shelf)
      }
      shelf.newest = now
      return shelf
    },
    add(ended) {
      ended.shelf.records.push(ended)
      ended.shelf.size++
      all.push(ended)
      kept++
      while (kept > limit) drop(all.oldest as Ended)
    },
    drop,
    expire(now) {
      for (let next = byDue.peek(); next && next.due <= now; next = byDue.peek()) {
        byDue.pop()
        clear(next, now)
      }
    },
  }
}

export function createEndedRoll(): Roll<Ended> {
  return createRoll<Ended>({ numberOf: ({ number }) => number, isGone: ({ entry }) => !entry })
}

function emptyShelf(keep: number, now: number): Shelf {
  return { keep, newest: now, due: now + keep, size: 0, records: createEndedRoll(), place: 0 }
}
