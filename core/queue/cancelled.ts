import { TriportError } from '../errors.js'
import type { ClaimedJob } from '../ports/job.js'

/**
 * What a cancelled job ends with.
 *
 * @param reason Why, in the words of whoever asked for it.
 */
export function cancelled({ id, task }: Pick<ClaimedJob, 'id' | 'task'>, reason?: string): TriportError {
  const why = reason === undefined ? '.' : `: ${reason}`
  return new TriportError('ERR_JOB_CANCELLED', `Job ${id} of task "${task}" was cancelled${why}`, {
    details: { job: id, task, ...(reason === undefined ? {} : { reason }) },
  })
}
