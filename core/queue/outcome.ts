import { encode, encodeError } from '../codec.js'
import { FatalTaskError, isTriportError } from '../errors.js'
import type { Outcome } from '../ports/queue.js'
import type { TaskPolicy } from './policy.js'

/** Why a failed job gets no further attempt. */
export type DeadReason = 'exhausted' | 'fatal' | 'invalid' | 'crashed'

/** How the code of an attempt ended. */
export type Ending = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

/** Why an attempt was told to end before it did. */
export type Interruption = 'timeout' | 'cancelled' | 'stopping' | 'lost'

export interface Ended {
  readonly task: string
  readonly ending: Ending
  readonly interruption: Interruption | undefined
  /** What the attempt was aborted with, when it was interrupted. */
  readonly reason: Error | undefined
  readonly deliveries: number
  readonly maxRetries: number
  readonly policy: TaskPolicy
  /** In [0, 1). */
  readonly random: number
}

/**
 * Decides what becomes of a job after an attempt.
 *
 * An attempt that returned has done its work, also when the job was being cancelled or the worker stopped; only when its time
 * was up it counts as failed. One that fails because the worker stopped or could not keep its lease did not count. A failure ends
 * the job at once when it is fatal or when no retry is left.
 */
export function decideOutcome(ended: Ended): Outcome {
  const { ending, interruption, reason, policy } = ended
  if (ending.ok && interruption !== 'timeout') return completed(ended, ending.value)
  if (interruption === 'stopping' || interruption === 'lost') return { type: 'released', delay: 0 }
  const error = ending.ok || interruption !== undefined ? reason : ending.error
  if (interruption === 'cancelled') return { type: 'cancelled', error: encodeError(error), keep: policy.keepResult }
  return failed(ended, error)
}

/** `delay * factor^(attempt - 1)`, at most `max`, spread by `jitter` to both sides. */
export function backoffDelay(
  { delay, factor, max, jitter }: TaskPolicy['backoff'],
  attempt: number,
  random: number,
): number {
  const growth = Math.min(Number.MAX_VALUE, factor ** (attempt - 1)) // Infinity times a delay of 0 is no number.
  const base = Math.min(max, delay * growth)
  return Math.round(base * (1 + jitter * (2 * random - 1)))
}

/** The most bytes of UTF-8 that an input or a result may have: 1 MB. */
export const maxPayload = 1_000_000

function completed(ended: Ended, value: unknown): Outcome {
  const { policy, task } = ended
  if (value === undefined) return { type: 'completed', result: undefined, keep: policy.keepResult }
  try {
    const result = encode(value, { what: `Result of task "${task}"`, maxBytes: maxPayload })
    return { type: 'completed', result, keep: policy.keepResult }
  } catch (error) {
    return failed(ended, error)
  }
}

function failed({ deliveries, maxRetries, policy, random }: Ended, error: unknown): Outcome {
  const text = encodeError(error)
  const reason = isFatal(error) ? 'fatal' : deliveries > maxRetries ? 'exhausted' : undefined
  if (reason !== undefined) return { type: 'failed', error: text, reason, keep: policy.keepFailed }
  return { type: 'retry', delay: backoffDelay(policy.backoff, deliveries, random), error: text }
}

const fatalCodes = [
  'ERR_INPUT_INVALID',
  'ERR_VALUE_UNSUPPORTED',
  'ERR_VALUE_MALFORMED',
  'ERR_PAYLOAD_TOO_LARGE',
] as const

/** Whether trying again cannot help. The name tells a `FatalTaskError` of another copy of the package. */
function isFatal(error: unknown): boolean {
  if (error instanceof FatalTaskError || (error instanceof Error && error.name === 'FatalTaskError')) return true
  return fatalCodes.some((code) => isTriportError(error, code))
}
