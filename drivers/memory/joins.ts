import type { Join } from '../../core/ports/queue.js'

/** Counts the members of workflows. */
export interface Joins {
  /** Counts a member; true when it was the last one. */
  count(join: Join): boolean
}

/** @param limit How many counters are remembered at most; the oldest go first. */
export function createJoins(limit: number): Joins {
  const counters = new Map<string, Set<number>>()
  return {
    count({ id, member, size }) {
      const members = counters.get(id) ?? new Set()
      if (members.has(member)) return false
      counters.set(id, members.add(member))
      if (counters.size > limit) counters.delete(counters.keys().next().value ?? '')
      return members.size === size
    },
  }
}
