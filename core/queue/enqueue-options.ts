import { type Duration, milliseconds } from '../duration.js'
import { invalidOption } from '../errors.js'
import { checkKeys } from '../suggest.js'
import { type BackoffOptions, backoffOf, problemsOfBackoff } from './backoff.js'
import { checkedKey } from './key.js'
import type { JobTerms } from './meta.js'
import { problemsOfNumbers } from './policy.js'
import { type Exclusion, exclusionOf, type Uniqueness } from './unique.js'

/** How a job is enqueued. At most one of `unique`, `debounce` and `throttle` may be given. */
export interface EnqueueOptions extends Uniqueness {
  /** How long the job waits before it may run. Not together with `debounce`. */
  readonly delay?: Duration
  /** When the job may run, on the server's clock. Not together with `delay` or `debounce`. */
  readonly runAt?: Date
  /** Higher runs sooner: a whole number from -1,000,000 to 1,000,000. @default 0 */
  readonly priority?: number
  /**
   * Your name for the job. While a job of this name is known in the queue, even an ended one, enqueuing it again gives that one. It is
   * looked for before the key of `unique`.
   */
  readonly id?: string
  /** Overrides the task's own. */
  readonly maxRetries?: number
  /** Overrides those parts of the task's own that are given. */
  readonly backoff?: BackoffOptions
  /** Overrides the task's own. */
  readonly deadline?: Duration
  /** Overrides the task's own. */
  readonly expiresIn?: Duration
  /** Your database transaction, with drivers that support it: the job exists when you commit. */
  readonly tx?: unknown
}

/** The options, checked, as driver and worker take them. */
export interface EnqueueTerms {
  readonly priority: number
  readonly delay: number
  readonly runAt?: number
  readonly exclusion: Exclusion | undefined
  readonly overrides: JobTerms
}

const optionNames = Object.keys({
  delay: true,
  runAt: true,
  priority: true,
  id: true,
  unique: true,
  debounce: true,
  throttle: true,
  maxRetries: true,
  backoff: true,
  deadline: true,
  expiresIn: true,
  tx: true,
} satisfies Readonly<Record<keyof EnqueueOptions, true>>)

const mostPriority = 1_000_000

/**
 * Checks the options of an `enqueue` call.
 *
 * @throws `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID`
 */
export function termsOf(options: EnqueueOptions): EnqueueTerms {
  checkKeys(options, optionNames, 'option')
  const { runAt, priority = 0, id } = options
  if (runAt !== undefined && !(runAt instanceof Date && Number.isFinite(runAt.getTime()))) {
    throw invalidOption(`runAt is ${String(runAt)}. Give a valid Date.`)
  }
  if (!Number.isInteger(priority) || Math.abs(priority) > mostPriority) {
    throw invalidOption(
      `priority is ${String(priority)}. Give a whole number from -${mostPriority} to ${mostPriority}.`,
    )
  }
  if (id !== undefined) checkedKey(id, 'id')
  return {
    priority,
    delay: delayOf(options),
    ...(runAt === undefined ? {} : { runAt: runAt.getTime() }),
    exclusion: exclusionOf(options),
    overrides: overridesOf(options),
  }
}

/** A debounced job is one that waits. */
function delayOf({ delay, runAt, debounce }: EnqueueOptions): number {
  if (delay === undefined && runAt === undefined && debounce === undefined) return 0
  const given = Object.entries({ delay, runAt, debounce }).filter(([, value]) => value !== undefined)
  const [name, another] = given.map(([each]) => each)
  if (another) throw invalidOption(`${name} and ${another} are both given. Leave one out.`)
  if (debounce) return milliseconds(debounce.wait, 'debounce.wait')
  return delay === undefined ? 0 : milliseconds(delay, 'delay')
}

function overridesOf({ maxRetries, backoff, deadline, expiresIn }: EnqueueOptions): JobTerms {
  refuse(problemsOfBackoff(backoff))
  const overrides: JobTerms = {
    ...(maxRetries === undefined ? {} : { maxRetries }),
    ...(backoff === undefined ? {} : { backoff: backoffOf(backoff, milliseconds) }),
    ...(deadline === undefined ? {} : { deadline: milliseconds(deadline, 'deadline') }),
    ...(expiresIn === undefined ? {} : { expiresIn: milliseconds(expiresIn, 'expiresIn') }),
  }
  refuse(problemsOfNumbers(overrides))
  return overrides
}

function refuse([problem]: readonly string[]): void {
  if (problem) throw invalidOption(problem)
}
