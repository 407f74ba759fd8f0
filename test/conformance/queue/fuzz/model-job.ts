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
  state: 'waiting' | 'active' | 'completed' | 'failed' | 'cancelled'
  due: number
  /** It was given before, so that its place among those of its priority is free. */
  putBack: boolean
  deliveries: number
  token: string | undefined
  leaseUntil: number
  keepUntil: number
  /** The error of the first request. */
  cancelRequest: string | undefined
  progress: string | undefined
  result: string | undefined
  error: string | undefined
}

export function createModelJob(
  job: NewJob,
  { call, place, now }: { call: number; place: number; now: number },
): ModelJob {
  return {
    job,
    call,
    place,
    state: 'waiting',
    due: now + Math.max(0, job.delay),
    putBack: false,
    deliveries: 0,
    token: undefined,
    leaseUntil: 0,
    keepUntil: 0,
    cancelRequest: undefined,
    progress: undefined,
    result: undefined,
    error: undefined,
  }
}

export function hasEnded({ state }: ModelJob): boolean {
  return state !== 'waiting' && state !== 'active'
}

/**
 * Whether a claim that finds both jobs due MUST give `first` sooner than `other`.
 *
 * Free is the place of jobs that were put back among those of their priority, and that of jobs of several calls that become due
 * at the same later moment.
 */
export function mustPrecede(first: ModelJob, other: ModelJob): boolean {
  if (first.job.priority !== other.job.priority) return first.job.priority > other.job.priority
  if (first.putBack || other.putBack) return false
  if (first.due !== other.due) return first.due < other.due
  if (first.call === other.call) return first.place < other.place
  return first.job.delay <= 0 && other.job.delay <= 0 && first.call < other.call
}
