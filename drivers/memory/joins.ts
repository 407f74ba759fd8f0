import type { Join } from '../../core/ports/queue.js'

/** Counts the members of workflows. */
export interface Joins {
  /** Counts a member; true when it was the last one. */
  count(join: Join, now: number): boolean
}

interface Counter {
  readonly members: Set<number>
  readonly keepUntil: number
}

/** @param limit How many counters are remembered at most; the one counted longest ago goes first. */
export function createJoins(limit: number): Joins {
  const counters = new Map<string, Counter>()

  /** The members counted so far. The counter moves to the end of the map, which is in the order of the last count. */
  function touch({ id, keep }: Join, now: number): Set<number> {
    const known = counters.get(id)
    const members = known && known.keepUntil > now ? known.members : new Set<number>()
    counters.delete(id)
    counters.set(id, { members, keepUntil: now + keep })
    return members
  }

  function tidy(now: number): void {
    for (const [id, { keepUntil }] of counters) {
      if (counters.size <= limit && keepUntil > now) return
      counters.delete(id)
    }
  }

  return {
    count(join, now) {
      const members = touch(join, now)
      tidy(now)
      if (members.has(join.member)) return false
      return members.add(join.member).size === join.size
    },
  }
}
