import { messageOf } from '../errors.js'

/** What a span says about an error. */
export interface Failure {
  /** For `error.type`: the error's code when it is a short stable word, else its name; `_OTHER` for what is no error. */
  readonly type: string
  readonly message: string
  /** The name of the error's class. */
  readonly name: string
  readonly stack: string | undefined
}

/** Describes anything that was thrown. Never throws itself, whatever the value does when it is read. */
export function describeFailure(error: unknown): Failure {
  try {
    if (!(error instanceof Error))
      return { type: '_OTHER', name: typeof error, message: messageOf(error), stack: undefined }
    const name = String(error.name)
    return { type: stableCode(error) ?? name, name, message: String(error.message), stack: error.stack }
  } catch {
    // A getter of the error threw: there is nothing that could be said about it.
    return { type: '_OTHER', name: typeof error, message: 'The error cannot be read.', stack: undefined }
  }
}

/** Says whether an error is new to a trace: it passes many spans, and is recorded in the first. */
export type FirstTime = (error: unknown, traceId: string) => boolean

export function rememberFailures(): FirstTime {
  const traces = new WeakMap<object, string>()
  return (error, traceId) => {
    if (typeof error !== 'object' || error === null) return true
    if (traces.get(error) === traceId) return false
    traces.set(error, traceId)
    return true
  }
}

/** `ECONNREFUSED` and `ERR_TASK_TIMEOUT`, but not a sentence and not a number. */
function stableCode(error: Error): string | undefined {
  const code = 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z\d_]{1,63}$/.test(code) ? code : undefined
}
