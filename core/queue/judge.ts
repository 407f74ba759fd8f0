import { decode, encodeError } from '../codec.js'
import { TriportError } from '../errors.js'
import type { ClaimedJob } from '../ports/job.js'
import type { Outcome } from '../ports/queue.js'
import { cancelledBy } from './cancelled.js'
import type { JobMeta } from './meta.js'
import type { DeadReason } from './outcome.js'
import type { AnyTask } from './task.js'

/**
 * What the core makes of a claimed job before it runs: its input and the milliseconds that are left until its deadline, or how it
 * ends without running.
 */
export type Judgement = { readonly run: true; readonly input: unknown; readonly left: number } | Refusal

/** How a job ends without running. */
export interface Refusal {
  readonly run: false
  readonly outcome: Outcome
  readonly error: Error
}

/** How long a job of an unknown task waits for a worker that knows it. */
const unknownTaskDelay = 5_000

/**
 * A cancelled job that its worker did not live to end is ended now. A job that was delivered more often than it may be attempted
 * has ended its workers, and would end the next one. A job expires only before its first attempt: what comes later is bounded by its
 * deadline. Both count from when it first became due, so that putting it back prolongs neither. A payload that cannot be read will
 * not be readable later either.
 */
export function judge(job: ClaimedJob, { policy }: AnyTask, meta: JobMeta): Judgement {
  const { keepFailed: keep, keepResult } = policy
  const { maxRetries = policy.maxRetries, expiresIn = policy.expiresIn, deadline = policy.deadline } = meta
  if (job.cancelRequest !== undefined) return withdrawn(job.cancelRequest, keepResult)
  if (job.deliveries > maxRetries + 1) return dead(crashed(job), 'crashed', keep)
  const age = job.claimedAt - job.firstDueAt
  if (job.deliveries === 1 && age > expiresIn) return dead(expired(job, age, expiresIn), 'expired', keep)
  if (age >= deadline) return dead(pastDeadline(job, deadline), 'deadline', keep)
  try {
    return { run: true, input: decode(job.payload), left: deadline - age }
  } catch (cause) {
    return dead(unreadable(job, cause), 'invalid', keep)
  }
}

/** A job of a task that this worker does not have goes back for one that does: in a rolling deployment there is one. */
export function judgeUnknown({ id, queue, task }: ClaimedJob): Refusal {
  const error = new TriportError(
    'ERR_TASK_UNKNOWN',
    `This worker has no task "${task}". Its job went back to queue "${queue}" for ${unknownTaskDelay} ms, for one that has it. Pass it in \`tasks\` where it is to run.`,
    { details: { job: id, task, queue } },
  )
  return { run: false, outcome: { type: 'released', delay: unknownTaskDelay }, error }
}

function withdrawn(request: string, keep: number): Judgement {
  return { run: false, outcome: { type: 'cancelled', error: request, keep }, error: cancelledBy(request) }
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

/** What a job ends with whose deadline has passed. */
export function pastDeadline({ id, task }: Pick<ClaimedJob, 'id' | 'task'>, deadline: number): TriportError {
  return new TriportError(
    'ERR_JOB_DEADLINE',
    `Job ${id} of task "${task}" has not ended within its deadline of ${deadline} ms.`,
    { details: { job: id, task, deadline } },
  )
}

function expired({ id, task }: ClaimedJob, age: number, expiresIn: number): TriportError {
  return new TriportError(
    'ERR_JOB_EXPIRED',
    `Job ${id} of task "${task}" waited ${age} ms for its first attempt. It expires after ${expiresIn} ms.`,
    { details: { job: id, task, expiresIn } },
  )
}

function unreadable({ id, task }: ClaimedJob, cause: unknown): TriportError {
  return new TriportError('ERR_VALUE_MALFORMED', `The input of job ${id} of task "${task}" cannot be read.`, { cause })
}
