import type { Duration } from '../duration.js'
import { unknownKeys } from '../suggest.js'

/** How the wait grows from one repetition to the next: `delay`, `delay * factor`, `delay * factor²`, never above `max`. */
export interface BackoffOptions {
  /** @default '1s' */
  readonly delay?: Duration
  /** 1 or more. @default 2 */
  readonly factor?: number
  /** @default '1m' */
  readonly max?: Duration
  /** Spreads each wait by up to this share of it in both directions: 0 to 1. @default 0.2 */
  readonly jitter?: number
}

/** The options in milliseconds. */
export interface Backoff {
  readonly delay: number
  readonly factor: number
  readonly max: number
  readonly jitter: number
}

export const defaultBackoff: Backoff = { delay: 1_000, factor: 2, max: 60_000, jitter: 0.2 }

/** `delay * factor^(attempt - 1)`, at most `max`, spread by `jitter` to both sides. */
export function backoffDelay({ delay, factor, max, jitter }: Backoff, attempt: number, random: number): number {
  const growth = Math.min(Number.MAX_VALUE, factor ** (attempt - 1)) // Infinity times a delay of 0 is no number.
  const base = Math.min(max, delay * growth)
  return Math.round(base * (1 + jitter * (2 * random - 1)))
}

/** Those parts that are given. @param read Makes milliseconds of an option. */
export function backoffOf(
  { delay, factor, max, jitter }: BackoffOptions,
  read: (duration: Duration, option: string) => number,
): Partial<Backoff> {
  return {
    ...(delay === undefined ? {} : { delay: read(delay, 'backoff.delay') }),
    ...(factor === undefined ? {} : { factor }),
    ...(max === undefined ? {} : { max: read(max, 'backoff.max') }),
    ...(jitter === undefined ? {} : { jitter }),
  }
}

const known: readonly string[] = ['delay', 'factor', 'max', 'jitter'] satisfies (keyof BackoffOptions)[]

/** What is wrong with a backoff, but for its durations: `backoffOf` tells that. */
export function problemsOfBackoff(backoff: BackoffOptions | undefined): string[] {
  if (backoff === undefined) return []
  if (typeof backoff !== 'object' || backoff === null) {
    return [`backoff is ${JSON.stringify(backoff)}. Give { delay, factor, max, jitter }, or some of them.`]
  }
  const { factor = 1, jitter = 0 } = backoff
  const problems = unknownKeys(backoff, known, 'option of backoff:')
  if (!(factor >= 1)) problems.push(`backoff.factor is ${String(factor)}. Give a number from 1 on.`)
  if (!(jitter >= 0 && jitter <= 1)) {
    problems.push(`backoff.jitter is ${String(jitter)}. Give a number from 0 to 1.`)
  }
  return problems
}
