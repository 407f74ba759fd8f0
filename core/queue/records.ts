import { decode, decodeError } from '../codec.js'
import { isTriportError, TriportError } from '../errors.js'
import { uuidTime } from '../ids.js'
import type { AttemptFailure, JobRecord } from '../ports/job.js'
import type { JobError, JobFailure, JobStatus, Progress } from './job.js'
import type { EndedJob } from './local-ends.js'
import type { DeadReason } from './outcome.js'

/** What a record says, decoded. */
export function statusOf(record: JobRecord): JobStatus {
  const { id, key, task, queue, state, priority, deliveries, progress, result, error, reason } = record
  const { enqueuedAt, dueAt, startedAt, finishedAt } = record
  return {
    id,
    ...(key === undefined ? {} : { key }),
    task,
    queue,
    state,
    priority,
    attempts: deliveries,
    ...(progress === undefined ? {} : { progress: decode(progress) as Progress }),
    ...(result === undefined ? {} : { result: decode(result) }),
    ...(error === undefined ? {} : { error: jobError(decodeError(error)) }),
    ...(reason === undefined ? {} : { reason: reason as DeadReason }),
    failures: record.failures.map(failureOf),
    cancelRequested: record.cancelRequest !== undefined,
    enqueuedAt: new Date(enqueuedAt),
    dueAt: new Date(dueAt),
    ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt) }),
    ...(finishedAt === undefined ? {} : { finishedAt: new Date(finishedAt) }),
  }
}

function failureOf({ delivery, at, error }: AttemptFailure): JobFailure {
  return { attempt: delivery, at: new Date(at), error: jobError(decodeError(error)) }
}

/**
 * The result of a job that has ended.
 *
 * @throws `ERR_JOB_FAILED` with the task's error as `cause`, `ERR_JOB_CANCELLED`
 */
export function resultOf({ id, task, state, result, error }: EndedJob): unknown {
  if (state === 'completed') return result === undefined ? undefined : decode(result)
  const cause = error === undefined ? undefined : decodeError(error)
  if (state === 'failed') {
    throw new TriportError('ERR_JOB_FAILED', failedText({ id, task }, cause), {
      cause,
      details: { job: id, task },
    })
  }
  throw new TriportError('ERR_JOB_CANCELLED', cause?.message ?? `Job ${id} of task "${task}" was cancelled.`, {
    cause,
    details: { job: id, task },
  })
}

/** An error of ours that names the job, or the workflow that it is, says all by itself. */
function failedText({ id, task }: Pick<JobRecord, 'id' | 'task'>, cause: Error | undefined): string {
  if (cause && isTriportError(cause) && cause.message.includes(id)) return cause.message
  return `Job ${id} of task "${task}" failed${cause ? `: ${cause.message}` : '.'}`
}

/** What is left of an error that goes to others: no stack, no cause. */
export function jobError(error: unknown): JobError {
  const { name, message, code } = (error instanceof Error ? error : new Error(String(error))) as Error & {
    code?: unknown
  }
  return { name, message, ...(typeof code === 'string' ? { code } : {}) }
}

/**
 * Why there is no record of a job. Generated ids tell when they were made: one that is older than records are kept
 * is a job whose record has expired, a younger one was never enqueued here.
 *
 * @param known The job is known to have existed.
 * @param keep The shortest time for which records are kept, in milliseconds.
 */
export function missing(id: string, { known, keep, now }: { known: boolean; keep: number; now: number }): TriportError {
  const madeAt = uuidTime(id)
  if (known || (madeAt !== undefined && madeAt <= now - keep)) {
    return new TriportError('ERR_RESULT_EXPIRED', `The record of job ${id} is no longer kept.`, {
      details: { job: id },
    })
  }
  return new TriportError('ERR_JOB_UNKNOWN', `There is no job ${JSON.stringify(id)}.`, { details: { job: id } })
}
