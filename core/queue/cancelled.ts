import { decodeError } from '../codec.js'
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

/** What a job was cancelled with. @param request What the request was stored with, if that is known. */
export function cancelledOn(job: Pick<ClaimedJob, 'id' | 'task'>, request: string | undefined): TriportError {
  return request === undefined ? cancelled(job) : cancelledBy(request)
}

/** What a request to cancel a job was stored with. */
export function cancelledBy(request: string): TriportError {
  const { message, details = {} } = decodeError(request) as Partial<TriportError> & Error
  return new TriportError('ERR_JOB_CANCELLED', message, { details })
}
