import { decodeError, encodeError } from '../codec.js'
import { type Duration, milliseconds } from '../duration.js'
import { invalidOption, TriportError } from '../errors.js'
import type { JobRecord, Lock } from '../ports/job.js'
import { checkKeys, unknownName } from '../suggest.js'
import { checkedKey, keyWithin } from './key.js'
import type { TaskPolicy } from './policy.js'

/** Keeps other jobs of the same task and key out. */
export interface UniqueOptions {
  /** A text of 1 to 1,000 characters. The same key of another task is another one. */
  readonly key: string
  /** How long: until the job begins its first attempt, until it has ended, or so long after it was enqueued whatever becomes of it. */
  readonly scope: 'queued' | 'running' | Duration
  /**
   * What enqueuing another one does meanwhile: it gives the job that is there, takes its place while that one waits (a running one stays, and
   * is given), or rejects with `ERR_JOB_DUPLICATE`. @default 'return-existing'
   */
  readonly onConflict?: 'return-existing' | 'replace' | 'reject'
}

/** Lets only the last of several jobs run. */
export interface DebounceOptions {
  /** As with `unique`. */
  readonly key: string
  /** How long no other one must have come. */
  readonly wait: Duration
}

/** Lets only the first of several jobs run. */
export interface ThrottleOptions {
  /** As with `unique`. */
  readonly key: string
  /** How long others give the first one. */
  readonly every: Duration
}

/** At most one of them may be given. */
export interface Uniqueness {
  /** Keeps other jobs of the same task and key out. */
  readonly unique?: UniqueOptions
  /** Only the last of the jobs of this key runs, when no other one has come for a while: `unique` while it waits, a new one in its place. */
  readonly debounce?: DebounceOptions
  /** Only the first of the jobs of this key runs in a time: `unique` for so long. */
  readonly throttle?: ThrottleOptions
}

/** How a job is unique, checked. */
export interface Exclusion {
  readonly key: string
  readonly until: Lock['until']
  readonly onConflict: NonNullable<UniqueOptions['onConflict']>
}

/** @throws `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID` */
export function exclusionOf(options: Uniqueness): Exclusion | undefined {
  const [name, another] = names.filter((each) => options[each] !== undefined)
  if (name === undefined) return undefined
  if (another) throw invalidOption(`${name} and ${another} are both given. Leave one out.`)
  checkShape(name, options[name])
  const key = checkedKey(options[name]?.key, `${name}.key`)
  const { unique, debounce, throttle } = options
  if (debounce) return { key, until: 'claimed', onConflict: 'replace' }
  if (throttle) return { key, until: milliseconds(throttle.every, 'throttle.every'), onConflict: 'return-existing' }
  const { scope, onConflict = 'return-existing' } = unique as UniqueOptions
  if (!conflicts.includes(onConflict)) throw invalidOption(unknownName('unique.onConflict', onConflict, conflicts))
  return { key, until: untilOf(scope), onConflict }
}

/** What the driver is asked to hold for the job `id`. */
export function lockOf({ key, until, onConflict }: Exclusion, { name, policy }: Owner, id: string): Lock {
  const lock = { key: keyWithin(name, key), until }
  return onConflict === 'replace'
    ? { ...lock, replace: { error: encodeError(replacedBy(id)), keep: policy.keepResult } }
    : lock
}

/** The job that has taken the place of this one, if one has. */
export function successorOf({ state, error }: Pick<JobRecord, 'state' | 'error'>): string | undefined {
  if (state !== 'cancelled' || !error?.includes('ERR_JOB_REPLACED')) return undefined
  const { code, details } = decodeError(error) as Partial<TriportError>
  return code === 'ERR_JOB_REPLACED' && typeof details?.by === 'string' ? details.by : undefined
}

/** What a job ends with that gave way to job `by`. */
export function replacedBy(by: string): TriportError {
  const error = new TriportError(
    'ERR_JOB_REPLACED',
    `The job was replaced by job ${by}, which has the same unique key.`,
    { details: { by } },
  )
  delete error.stack // It would be stored with every such job, and tell of nothing but the library.
  return error
}

/** What enqueuing rejects with when job `id` holds the key and no other one is wanted. */
export function duplicate(id: string, task: string): TriportError {
  return new TriportError('ERR_JOB_DUPLICATE', `Job ${id} of task "${task}" holds the same unique key.`, {
    details: { job: id, task },
  })
}

interface Owner {
  readonly name: string
  readonly policy: Pick<TaskPolicy, 'keepResult'>
}

const members = {
  unique: ['key', 'scope', 'onConflict'] satisfies (keyof UniqueOptions)[],
  debounce: ['key', 'wait'] satisfies (keyof DebounceOptions)[],
  throttle: ['key', 'every'] satisfies (keyof ThrottleOptions)[],
}
const names = Object.keys(members) as (keyof Uniqueness)[]
const conflicts: readonly string[] = ['return-existing', 'replace', 'reject'] satisfies Exclusion['onConflict'][]

function checkShape(name: keyof Uniqueness, value: unknown): void {
  const known = members[name]
  if (typeof value !== 'object' || value === null) {
    throw invalidOption(`${name} is ${JSON.stringify(value)}. Give { ${known.join(', ')} }.`)
  }
  checkKeys(value, known, `option of ${name}:`)
}

function untilOf(scope: UniqueOptions['scope']): Lock['until'] {
  if (scope === 'queued') return 'claimed'
  if (scope === 'running') return 'ended'
  if (/^\d/.test(String(scope))) return milliseconds(scope, 'unique.scope')
  throw invalidOption(
    `unique.scope is ${JSON.stringify(scope)}. Write 'queued', 'running' or a duration such as '10m'.`,
  )
}
