import type { Duration } from '../duration.js'
import type { JobState } from '../ports/job.js'

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

/** What is known about a job. */
export interface JobStatus<Output = unknown> {
  readonly id: string
  /** The `id` that the caller gave, if any. */
  readonly key?: string
  readonly task: string
  readonly queue: string
  readonly state: JobState
  /** How many attempts have begun. */
  readonly attempts: number
  readonly progress?: Progress
  /** What the task returned; only when `state` is `completed`. */
  readonly result?: Output
  /** Why the last attempt did not succeed. */
  readonly error?: JobError
  readonly enqueuedAt: Date
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

/** One run of a task, wherever it happens. */
export interface Job<Output = unknown> {
  readonly id: string
  /** The `id` that the caller gave to `enqueue`, if any. */
  readonly key: string | undefined
  /** True when a job of this id existed already, so that nothing new was enqueued. */
  readonly deduplicated: boolean
  /**
   * @throws `ERR_RESULT_EXPIRED` when the job's record is no longer kept, `ERR_JOB_UNKNOWN` when there never was one.
   */
  status(): Promise<JobStatus<Output>>
  /**
   * Waits for the job to end, and gives what the task returned.
   *
   * @throws `ERR_RESULT_TIMEOUT` when it has not ended in time, `ERR_JOB_FAILED` with the task's error as `cause`,
   *   `ERR_JOB_CANCELLED`, `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`; the reason of `signal` when that aborts.
   */
  result(options: ResultOptions): Promise<Output>
  /**
   * Cancels the job, also while it runs in another process.
   *
   * @param reason Ends the message of the error that the job then has. A running job sees only that it was cancelled.
   * @throws `ERR_RESULT_EXPIRED`, `ERR_JOB_UNKNOWN`
   */
  cancel(reason?: string): Promise<CancelOutcome>
  /** The last progress that the task reported. */
  progress(): Promise<Progress | undefined>
}
