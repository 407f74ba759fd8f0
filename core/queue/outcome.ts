import { encode, encodeError } from '../codec.js'
import { isTriportError } from '../errors.js'
import type { Outcome } from '../ports/queue.js'
import { type Backoff, backoffDelay } from './backoff.js'
import type { TaskPolicy } from './policy.js'
import { askedDelay, isFatalTaskError } from './task-errors.js'

/**
 * Why a failed job gets no further attempt: no retry is left, its error rules one out, its input is wrong, it ended its workers, it
 * waited too long for its first attempt, or the next one would come after its deadline.
 */
export type DeadReason = 'exhausted' | 'fatal' | 'invalid' | 'crashed' | 'expired' | 'deadline'

/** How the code of an attempt ended. */
export type AttemptEnd =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

/** Why an attempt was told to end before it did. */
export type Interruption = 'timeout' | 'deadline' | 'cancelled' | 'stopping' | 'lost'

export interface EndedAttempt {
  readonly task: string
  readonly ending: AttemptEnd
  readonly interruption: Interruption | undefined
  /** What the attempt was aborted with, when it was interrupted. */
  readonly reason: Error | undefined
  /** The task's code was reached: its input was valid. */
  readonly begun: boolean
  readonly deliveries: number
  readonly maxRetries: number
  readonly backoff: Backoff
  /** Milliseconds until the deadline. */
  readonly left: number
  /** Whether an error is worth another attempt; must not throw. */
  readonly retryOn: ((error: unknown) => boolean) | undefined
  readonly policy: Pick<TaskPolicy, 'keepResult' | 'keepFailed'>
  /** In [0, 1). */
  readonly random: number
}

/**
 * Decides what becomes of a job after an attempt.
 *
 * An attempt that returned has done its work, also when the job was being cancelled or the worker stopped; only when its time
 * was up it counts as failed. One that fails because the worker stopped or could not keep its lease did not count. A failure ends
 * the job at once when trying again cannot help, when no retry is left, and when the retry would not start before the deadline.
 */
export function decideOutcome(ended: EndedAttempt): Outcome {
  const { ending, interruption, reason, policy } = ended
  const tooLate = interruption === 'timeout' || interruption === 'deadline'
  if (ending.ok && !tooLate) return completed(ended, ending.value)
  if (interruption === 'stopping' || interruption === 'lost') return { type: 'released', delay: 0 }
  const error = ending.ok || interruption !== undefined ? reason : ending.error
  if (interruption === 'cancelled') return { type: 'cancelled', error: encodeError(error), keep: policy.keepResult }
  return failed(ended, error)
}

/** The most bytes of UTF-8 that an input or a result may have: 1 MB. */
export const maxPayload = 1_000_000

function completed(ended: EndedAttempt, value: unknown): Outcome {
  const { policy, task } = ended
  if (value === undefined) return { type: 'completed', result: undefined, keep: policy.keepResult }
  try {
    const result = encode(value, { what: `Result of task "${task}"`, maxBytes: maxPayload })
    return { type: 'completed', result, keep: policy.keepResult }
  } catch (error) {
    return failed(ended, error)
  }
}

function failed(ended: EndedAttempt, error: unknown): Outcome {
  const { backoff, deliveries, random, policy } = ended
  const text = encodeError(error)
  const delay = askedDelay(error) ?? backoffDelay(backoff, deliveries, random)
  const reason = deadReason(ended, error, delay)
  if (reason !== undefined) return { type: 'failed', error: text, reason, keep: policy.keepFailed }
  return { type: 'retry', delay, error: text }
}

function deadReason(ended: EndedAttempt, error: unknown, delay: number): DeadReason | undefined {
  const { interruption, begun, deliveries, maxRetries, retryOn, left } = ended
  if (interruption === 'deadline') return 'deadline'
  if (!begun && isTriportError(error, 'ERR_INPUT_INVALID')) return 'invalid'
  if (isFatal(error)) return 'fatal'
  if (retryOn && askedDelay(error) === undefined && !retryOn(error)) return 'fatal'
  if (deliveries > maxRetries) return 'exhausted'
  return delay < left ? undefined : 'deadline'
}

const fatalCodes = [
  'ERR_INPUT_INVALID',
  'ERR_VALUE_UNSUPPORTED',
  'ERR_VALUE_MALFORMED',
  'ERR_PAYLOAD_TOO_LARGE',
] as const

/** Whether trying again cannot help, whatever the task's policy. */
function isFatal(error: unknown): boolean {
  return isFatalTaskError(error) || fatalCodes.some((code) => isTriportError(error, code))
}
