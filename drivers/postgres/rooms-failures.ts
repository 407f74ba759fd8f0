import { TriportError } from '../../core/errors.js'
import { codeOf } from './failures.js'

/**
 * What a failed statement says. `link`: its connection broke, and others may be broken too. `moment`: the database is there and does not take it
 * now. `refused`: it will not take it later either.
 */
export type Failure = 'link' | 'moment' | 'refused'

/** @param error As the client rejects: the library's error is its cause. */
export function failureOf(error: unknown): Failure {
  const cause = error instanceof Error ? error.cause : undefined
  const code = codeOf(cause)
  if (cause === undefined) return 'moment'
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return 'link'
  if (code.startsWith('08') || code.startsWith('57P')) return 'link'
  return momentary.has(code.slice(0, 2)) ? 'moment' : 'refused'
}

/** As the rooms port has it. */
export function brokerFailure(error: unknown): unknown {
  if (!(error instanceof Error) || failureOf(error) === 'refused') return error
  return new TriportError('ERR_BROKER_UNAVAILABLE', error.message, { cause: error.cause })
}

/** Read-only, rolled back, out of resources, not in the state for it, cancelled, trouble of the system. */
const momentary = new Set(['25', '40', '53', '55', '57', '58'])
