import type { Ending, Outcome, Settlement } from '../ports/queue.js'

/** What is to happen in the same step in which a job of a workflow ends. */
export interface Member {
  readonly well: Ending
  readonly failed: Ending
  /** How long its record is kept at least, in milliseconds. */
  readonly keep: number
  /** Called when its end is stored. */
  readonly ended?: () => void
}

/** A job whose workflow has ended: nothing follows it. */
export const outlived: Member = { well: {}, failed: {}, keep: 0 }

/** The outcome of a job, and what follows it. */
export function withFollowers(
  outcome: Outcome,
  member: Member | undefined,
): Omit<Settlement, 'queue' | 'id' | 'token'> {
  if (!member || !('keep' in outcome)) return { outcome }
  const { enqueue, join } = outcome.type === 'completed' ? member.well : member.failed
  return {
    outcome: { ...outcome, keep: Math.max(outcome.keep, member.keep) },
    ...(enqueue ? { enqueue } : {}),
    ...(join ? { join } : {}),
  }
}
