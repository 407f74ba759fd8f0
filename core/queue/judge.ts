import { decode, decodeError, encodeError } from '../codec.js'
import { TriportError } from '../errors.js'
import type { ClaimedJob } from '../ports/job.js'
import type { Outcome } from '../ports/queue.js'
import type { JobMeta } from './meta.js'
import type { DeadReason } from './outcome.js'
import type { AnyTask } from './task.js'

/** What the core makes of a claimed job before it runs: its input, or how it ends without running. */
export type Judgement =
  | { readonly run: true; readonly input: unknown }
  | { readonly run: false; readonly outcome: Outcome; readonly error: Error }

/** How long a job of an unknown task waits for a worker that knows it. */
const unknownTaskDelay = 5_000

/**
 * A cancelled job that its worker did not live to end is ended now. A job that was delivered more often than it may be attempted
 * has ended its workers, and would end the next one. A payload that cannot be read will not be readable later either.
 */
export function judge(job: ClaimedJob, task: AnyTask, meta: JobMeta): Judgement {
  const { keepFailed: keep, keepResult, maxRetries } = task.policy
  if (job.cancelRequest !== undefined) return cancelledBy(job.cancelRequest, keepResult)
  if (job.deliveries > (meta.maxRetries ?? maxRetries) + 1) return dead(crashed(job), 'crashed', keep)
  try {
    return { run: true, input: decode(job.payload) }
  } catch (cause) {
    return dead(unreadable(job, cause), 'invalid', keep)
  }
}

/** A job of a task that this worker does not have goes back for one that does: in a rolling deployment there is one. */
export function judgeUnknown({ id, queue, task }: ClaimedJob): Judgement & { readonly run: false } {
  const error = new TriportError(
    'ERR_TASK_UNKNOWN',
    `This worker has no task "${task}". Its job went back to queue "${queue}" for ${unknownTaskDelay} ms.`,
    { details: { job: id, task, queue } },
  )
  return { run: false, outcome: { type: 'released', delay: unknownTaskDelay }, error }
}

function cancelledBy(request: string, keep: number): Judgement {
  return { run: false, outcome: { type: 'cancelled', error: request, keep }, error: decodeError(request) }
}

function dead(error: TriportError, reason: DeadReason, keep: number): Judgement {
  return { run: false, outcome: { type: 'failed', error: encodeError(error), reason, keep }, error }
}

function crashed({ id, task, deliveries }: ClaimedJob): TriportError {
  return new TriportError(
    'ERR_JOB_CRASHED',
    `Job ${id} of task "${task}" was started ${deliveries - 1} times and none of its workers lived to see it end.`,
    { details: { job: id, task, deliveries: deliveries - 1 } },
  )
}

function unreadable({ id, task }: ClaimedJob, cause: unknown): TriportError {
  return new TriportError('ERR_VALUE_MALFORMED', `The input of job ${id} of task "${task}" cannot be read.`, { cause })
}
