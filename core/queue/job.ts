import type { Duration } from '../duration.js'
import type { JobState } from '../ports/job.js'
import type { DeadReason } from './outcome.js'

/** How far a job says it is. */
export interface Progress {
  /** Per cent, 0 to 100. */
  readonly percent: number
  /** What the task passed along. */
  readonly data?: unknown
}

/** The error of a job, without its stack. */
export interface JobError {
  readonly name: string
  readonly message: string
  readonly code?: string
}

/** An attempt that failed. */
export interface JobFailure {
  /** Which attempt it was: 1 for the first, also after a redrive. */
  readonly attempt: number
  readonly at: Date
  readonly error: JobError
}

/** What a task has logged. */
export interface JobLogLine {
  /** On the clock of the worker. */
  readonly at: Date
  readonly attempt: number
  readonly message: string
  readonly data?: unknown
}

/** What is known about a job. */
export interface JobStatus<Output = unknown> {
  readonly id: string
  /** The `id` that the caller gave, if any. */
  readonly key?: string
  readonly task: string
  readonly queue: string
  readonly state: JobState
  /** Higher runs sooner. */
  readonly priority: number
  /** How many attempts have begun. */
  readonly attempts: number
  readonly progress?: Progress
  /** What the task returned; only when `state` is `completed`. */
  readonly result?: Output
  /** Why the last attempt did not succeed. */
  readonly error?: JobError
  /** Why a failed job gets no further attempt. */
  readonly reason?: DeadReason
  /** The attempts that failed, oldest first: the latest 10 of them, also those from before a redrive. */
  readonly failures: readonly JobFailure[]
  /** Somebody asked for it to be cancelled while it was running. */
  readonly cancelRequested: boolean
  readonly enqueuedAt: Date
  /** When the next attempt may begin, or when the latest one could. */
  readonly dueAt: Date
  /** When the latest attempt began. */
  readonly startedAt?: Date
  readonly finishedAt?: Date
}

/** How to wait for a result. */
export interface ResultOptions {
  /** How long to wait at most. */
  readonly timeout: Duration
  /** Stops waiting when it aborts. The job goes on. */
  readonly signal?: AbortSignal
}

/**
 * `cancelled`: it had not begun, and will not. `requested`: it is running, and its `ctx.signal` is aborted within about a
 * second. `finished`: it had ended before.
 */
export type CancelOutcome = 'cancelled' | 'requested' | 'finished'

/** `redriven`: it waits again. `kept`: it has not failed, so nothing was changed. */
export type RedriveOutcome = 'redriven' | 'kept'

/** `removed`: nothing is known of it any more. `running`: it runs, or was redriven just now, and stays. Cancel it first. */
export type RemoveOutcome = 'removed' | 'running'

/** `promoted`: it is due. `kept`: it was not delayed, so nothing was changed. */
export type PromoteOutcome = 'promoted' | 'kept'

/** One run of a task, wherever it happens. */
export interface Job<Output = unknown> {
  readonly id: string
  /** The `id` that the caller gave to `enqueue`, if any and if it is this job's. */
  readonly key: string | undefined
  /** True when this job existed already, by its `id` or as the one that holds the key of `unique`, so that nothing new was enqueued. */
  readonly deduplicated: boolean
  /**
   * @throws `ERR_RESULT_EXPIRED` when the job's record is no longer kept, `ERR_JOB_UNKNOWN` when there never was one.
   */
  status(): Promise<JobStatus<Output>>
  /**
   * Waits for the job to end, and gives what the task returned. Of a job that was replaced by another one (`unique`, `debounce`) it gives
   * the result of that one.
   *
   * @throws `ERR_RESULT_TIMEOUT` when it has not ended in time, `ERR_JOB_FAILED` with the task's error as `cause`,
   *   `ERR_JOB_CANCELLED`, `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`; the reason of `signal` when that aborts.
   */
  result(options: ResultOptions): Promise<Output>
  /**
   * Cancels the job, also while it runs in another process.
   *
   * @param reason Ends the message of the error that the job then has, and is `details.reason` of `ctx.signal.reason`.
   * @throws `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`
   */
  cancel(reason?: string): Promise<CancelOutcome>
  /**
   * Lets a failed job run again as if it were new. Its `failures` and its log stay.
   *
   * @throws `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`
   */
  redrive(): Promise<RedriveOutcome>
  /**
   * Forgets the job with its result and its log. One that waits is cancelled first, with what follows from that; one that begins to run
   * at the same moment is asked to end, and stays.
   *
   * @throws `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`
   */
  remove(): Promise<RemoveOutcome>
  /**
   * Lets a delayed job, or one that waits for its next attempt, run now.
   *
   * @throws `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`
   */
  promote(): Promise<PromoteOutcome>
  /**
   * What the task has logged, oldest first: the latest 100 lines of all attempts.
   *
   * @throws `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`
   */
  log(): Promise<readonly JobLogLine[]>
  /** The last progress that the task reported; of a workflow, how many of its jobs have ended, as `{ percent, data: { done, total } }`. */
  progress(): Promise<Progress | undefined>
}
