/**
 * Every code that a triport error can carry, with whether trying the same call again can help.
 * Each has a heading in docs/errors.md.
 */
export const errorCodes = {
  ERR_CONFIG_INVALID: { retryable: false },
  ERR_DURATION_INVALID: { retryable: false },
  ERR_DRIVER_CHOICE_REQUIRED: { retryable: false },
  ERR_DRIVER_UNAVAILABLE: { retryable: true },
  ERR_PEER_MISSING: { retryable: false },
  ERR_PEER_VERSION: { retryable: false },
  ERR_TRACER_UNUSED: { retryable: false },
  ERR_NOT_STARTED: { retryable: false },
  ERR_NO_RUNTIME: { retryable: false },
  ERR_WAIT_TIMEOUT: { retryable: true },
  ERR_STOP_FAILED: { retryable: false },
  ERR_UNSUPPORTED: { retryable: false },
  ERR_TASK_INVALID: { retryable: false },
  ERR_TASK_UNKNOWN: { retryable: false },
  ERR_TASK_MODULE_INVALID: { retryable: false },
  ERR_OPTION_INVALID: { retryable: false },
  ERR_INPUT_INVALID: { retryable: false },
  ERR_VALUE_UNSUPPORTED: { retryable: false },
  ERR_VALUE_MALFORMED: { retryable: false },
  ERR_PAYLOAD_TOO_LARGE: { retryable: false },
  ERR_ENQUEUE_TIMEOUT: { retryable: true },
  ERR_JOB_UNKNOWN: { retryable: false },
  ERR_JOB_FAILED: { retryable: false },
  ERR_JOB_CANCELLED: { retryable: false },
  ERR_JOB_CRASHED: { retryable: false },
  ERR_JOB_DEADLINE: { retryable: false },
  ERR_JOB_EXPIRED: { retryable: false },
  ERR_JOB_DUPLICATE: { retryable: false },
  ERR_JOB_REPLACED: { retryable: false },
  ERR_RESULT_EXPIRED: { retryable: false },
  ERR_RESULT_TIMEOUT: { retryable: true },
  ERR_WORKFLOW_INVALID: { retryable: false },
  ERR_WORKFLOW_FAILED: { retryable: false },
  ERR_SCHEDULE_INVALID: { retryable: false },
  ERR_SCHEDULE_UNKNOWN: { retryable: false },
  ERR_SCHEDULE_MISSED: { retryable: false },
  ERR_TASK_TIMEOUT: { retryable: true },
  ERR_THREAD_EXITED: { retryable: true },
  ERR_LEASE_LOST: { retryable: true },
  ERR_WORKER_STOPPING: { retryable: true },
  ERR_ROOM_INVALID: { retryable: false },
  ERR_ROOM_LIMIT: { retryable: false },
  ERR_ROOM_BUSY: { retryable: true },
  ERR_MESSAGE_INVALID: { retryable: false },
  ERR_MESSAGE_TOO_LARGE: { retryable: false },
  ERR_AUTH_REQUIRED: { retryable: false },
  ERR_CONNECTION_UNKNOWN: { retryable: false },
  ERR_BROKER_UNAVAILABLE: { retryable: true },
} as const satisfies Record<`ERR_${string}`, { readonly retryable: boolean }>

/** The stable name of a kind of error. Messages may change between versions, codes do not. */
export type ErrorCode = keyof typeof errorCodes

/** What a `TriportError` may carry besides its message. */
export interface TriportErrorOptions {
  readonly cause?: unknown
  /** Values that belong to the error, for programs: ids, limits, issues. */
  readonly details?: Readonly<Record<string, unknown>>
}

const brand = Symbol.for('triport.error')

/** What triport throws and rejects with. Tell errors apart by `code`. */
export class TriportError extends Error {
  override readonly name: string = 'TriportError'
  readonly code: ErrorCode
  /** Whether trying the same call again later can help. */
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, options: TriportErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = errorCodes[code].retryable
    this.details = options.details ?? {}
  }
}

/** What is wrong with an option of a call. */
export function invalidOption(message: string): TriportError {
  return new TriportError('ERR_OPTION_INVALID', message)
}

/** Lets `isTriportError` know an error of ours that was carried as data. */
export function recognise(error: Error): void {
  if (error.name === 'TriportError') Object.defineProperty(error, brand, { value: true })
}

/** Whether `error` is triport's, also when it comes from another copy of the package. With `code`, of that kind. */
export function isTriportError(error: unknown, code?: ErrorCode): error is TriportError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return code === undefined || (error as TriportError).code === code
}

/** An error that says what was thrown, whatever that was: the value itself when it is an error that can be read. */
export function errorFrom(thrown: unknown): Error {
  try {
    if (!(thrown instanceof Error)) return new Error(String(thrown), { cause: thrown })
    void `${thrown.name}${thrown.message}${thrown.stack}`
    return thrown
  } catch {
    return new Error('Something was thrown that cannot be read or turned into text.')
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return errorFrom(thrown).message
}
