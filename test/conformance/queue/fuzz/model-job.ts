import type { NewJob } from '../../../../core/ports/job.js'

/**
 * What the contract of `QueueDriver` says about a job, in as few words as possible.
 *
 * Time is in milliseconds since the scenario began. A real server's time runs on by itself, so the fuzzer keeps every moment
 * at which something changes half a step away from every moment at which it looks.
 */
export interface ModelJob {
  readonly job: NewJob
  /** The call that stored it, and its place in that call. */
  readonly call: number
  readonly place: number
  /** `waiting` includes delayed: it is due or it is not yet. */
  state: 'waiting' | 'active' | EndState
  due: number
  /** It was given before, so that its place in its line is free. */
  putBack: boolean
  /** It became due by a call of its own, so that its place among those that became due at the same moment is free. */
  hurried: boolean
  deliveries: number
  token: string | undefined
  leaseUntil: number
  endedAt: number
  keepUntil: number
  /** The error of the first request. */
  cancelRequest: string | undefined
  progress: string | undefined
  result: string | undefined
  error: string | undefined
  reason: string | undefined
  failures: readonly { readonly delivery: number; readonly error: string }[]
  log: readonly string[]
}

export type EndState = 'completed' | 'failed' | 'cancelled'

/** What a job has when it is new, and again when it was redriven. */
const fresh = {
  state: 'waiting',
  putBack: false,
  deliveries: 0,
  token: undefined,
  cancelRequest: undefined,
  progress: undefined,
  error: undefined,
  reason: undefined,
} as const

export function createModelJob(
  job: NewJob,
  { call, place, now }: { call: number; place: number; now: number },
): ModelJob {
  return {
    ...fresh,
    job,
    call,
    place,
    due: now + Math.max(0, job.delay),
    hurried: false,
    leaseUntil: 0,
    endedAt: 0,
    keepUntil: 0,
    result: undefined,
    failures: [],
    log: [],
  }
}

export function redrive(job: ModelJob, now: number): void {
  Object.assign(job, fresh, { due: now, hurried: true })
}

export function hasEnded({ state }: ModelJob): boolean {
  return state !== 'waiting' && state !== 'active'
}

/** A lease that nobody has extended in time. Until a claim finds it, the port lets it live on. */
export function isLapsed({ state, leaseUntil }: ModelJob, now: number): boolean {
  return state === 'active' && leaseUntil <= now
}

/** The jobs of one priority and group stand in one line, those without a group in another. */
export function lineOf({ job: { priority, group } }: ModelJob): string {
  return group ? `${priority} ${group.key}` : String(priority)
}

/**
 * Whether a claim that may give both jobs MUST give `first` sooner than `other`.
 *
 * Free is the place of jobs that were put back, that of jobs of several calls that become due at the same later moment, and
 * that of jobs of different lines.
 */
export function mustPrecede(first: ModelJob, other: ModelJob): boolean {
  if (first.job.priority !== other.job.priority) return first.job.priority > other.job.priority
  if (lineOf(first) !== lineOf(other) || first.putBack || other.putBack) return false
  if (first.due !== other.due) return first.due < other.due
  if (first.hurried || other.hurried) return false
  if (first.call === other.call) return first.place < other.place
  return first.job.delay <= 0 && other.job.delay <= 0 && first.call < other.call
}
