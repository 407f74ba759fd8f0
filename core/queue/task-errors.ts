import { type Duration, milliseconds } from '../duration.js'

/** Throw it from a task to end the job at once, without the retries that are left. */
export class FatalTaskError extends Error {
  override readonly name: string = 'FatalTaskError'
}

/** What a `RetryTaskError` carries besides its message. */
export interface RetryTaskErrorOptions {
  /** How long to wait before the next attempt. */
  readonly delay: Duration
  readonly cause?: unknown
}

/**
 * Throw it from a task that knows when to try again, such as after a `Retry-After`. The attempt counts as failed: without a retry left
 * the job ends. `retryOn` is not asked.
 *
 * @throws `ERR_DURATION_INVALID`
 */
export class RetryTaskError extends Error {
  override readonly name: string = 'RetryTaskError'
  /** Instead of the backoff, in milliseconds. */
  readonly delay: number

  constructor(message: string, { delay, cause }: RetryTaskErrorOptions) {
    super(message, cause === undefined ? undefined : { cause })
    this.delay = milliseconds(delay, 'delay')
  }
}

/** The name tells one of another copy of the package. */
export function isFatalTaskError(error: unknown): boolean {
  return error instanceof FatalTaskError || (error instanceof Error && error.name === 'FatalTaskError')
}

/** How long a `RetryTaskError` asks to wait, in milliseconds; `undefined` for any other error. */
export function askedDelay(error: unknown): number | undefined {
  if (error instanceof RetryTaskError) return error.delay
  if (!(error instanceof Error) || error.name !== 'RetryTaskError') return undefined
  const { delay } = error as Partial<RetryTaskError>
  return typeof delay === 'number' && delay >= 0 ? delay : undefined
}
