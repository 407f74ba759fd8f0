import { newest, type Recurrence } from './recurrence.js'

/** What becomes of occurrences that nobody dealt with in time. */
export type MissedPolicy = 'skip' | 'once' | 'all'

/** How late an occurrence may be dealt with and still count as on time, in milliseconds. */
export const onTime = 60_000

/** How many missed occurrences `all` makes up for at most. */
export const mostMadeUp = 1_000

/** What is to be done for a schedule now. */
export interface Due {
  /** The occurrences that become jobs, oldest first. */
  readonly moments: readonly number[]
  /** The cursor when that is done: the last occurrence that became a job, or now. */
  readonly to: number
  /** The last of the occurrences that are given up although the policy is `all`. */
  readonly dropped?: number
}

/**
 * Decides what becomes of the occurrences after `cursor` up to `now`; `undefined` when there are none.
 *
 * Of several that are due together, only `all` makes more than the latest one. `skip` makes that one when it is on time.
 */
export function dueOccurrences(
  recurrence: Recurrence,
  { missed, cursor, now }: { readonly missed: MissedPolicy; readonly cursor: number; readonly now: number },
): Due | undefined {
  const moments = newest(recurrence, { after: cursor, until: now, max: missed === 'all' ? mostMadeUp : 1 })
  const [oldest, latest] = [moments[0], moments.at(-1)]
  if (oldest === undefined || latest === undefined) return undefined
  if (missed === 'skip' && now - latest > onTime) return { moments: [], to: now }
  const earlier = missed === 'all' && moments.length === mostMadeUp ? recurrence.previous(oldest) : undefined
  return { moments, to: latest, ...(earlier !== undefined && earlier > cursor ? { dropped: earlier } : {}) }
}
