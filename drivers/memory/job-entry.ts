import type { AttemptFailure, ClaimedJob, JobRecord, JobState, NewJob } from '../../core/ports/job.js'

/** A job in the memory of this process. */
export interface JobEntry {
  readonly job: NewJob
  readonly enqueuedAt: number
  state: JobState
  deliveries: number
  firstDueAt: number
  dueAt: number
  /** Its number among the delayed jobs of its queue: those that become due together keep their order. */
  delayedAs: number
  /** The current claim, '' when there is none. */
  token: string
  claimedAt: number
  leaseUntil: number
  finishedAt: number
  keepUntil: number
  progress: string | undefined
  result: string | undefined
  error: string | undefined
  reason: string | undefined
  failures: readonly AttemptFailure[]
  log: readonly string[]
  /** The error of the first request to cancel it while it was active. */
  cancelRequest: string | undefined
}

const none: readonly never[] = []

export function createEntry(job: NewJob, now: number): JobEntry {
  const dueAt = Math.max(now, job.runAt ?? now + job.delay)
  return {
    job,
    enqueuedAt: now,
    state: 'waiting',
    deliveries: 0,
    firstDueAt: dueAt,
    dueAt,
    delayedAs: 0,
    token: '',
    claimedAt: 0,
    leaseUntil: 0,
    finishedAt: 0,
    keepUntil: 0,
    progress: undefined,
    result: undefined,
    error: undefined,
    reason: undefined,
    failures: none,
    log: none,
    cancelRequest: undefined,
  }
}

export function hasEnded({ state }: JobEntry): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}

export function claimedJob(entry: JobEntry): ClaimedJob {
  const { job } = entry
  const claimed: ClaimedJob = {
    queue: job.queue,
    id: job.id,
    token: entry.token,
    task: job.task,
    payload: job.payload,
    meta: job.meta,
    priority: job.priority,
    deliveries: entry.deliveries,
    enqueuedAt: entry.enqueuedAt,
    firstDueAt: entry.firstDueAt,
    dueAt: entry.dueAt,
    claimedAt: entry.claimedAt,
  }
  if (job.key === undefined && entry.cancelRequest === undefined) return claimed
  return {
    ...claimed,
    ...(job.key === undefined ? {} : { key: job.key }),
    ...(entry.cancelRequest === undefined ? {} : { cancelRequest: entry.cancelRequest }),
  }
}

export function jobRecord(entry: JobEntry, now: number): JobRecord {
  const { id, queue, task, payload, meta, key, priority } = entry.job
  return {
    id,
    queue,
    task,
    payload,
    meta,
    ...(key === undefined ? {} : { key }),
    state: entry.state === 'delayed' && entry.dueAt <= now ? 'waiting' : entry.state,
    priority,
    deliveries: entry.deliveries,
    enqueuedAt: entry.enqueuedAt,
    firstDueAt: entry.firstDueAt,
    dueAt: entry.dueAt,
    ...(entry.deliveries === 0 ? {} : { startedAt: entry.claimedAt }),
    ...(hasEnded(entry) ? { finishedAt: entry.finishedAt } : {}),
    ...(entry.progress === undefined ? {} : { progress: entry.progress }),
    ...(entry.result === undefined ? {} : { result: entry.result }),
    ...(entry.error === undefined ? {} : { error: entry.error }),
    ...(entry.reason === undefined ? {} : { reason: entry.reason }),
    failures: entry.failures,
    ...(entry.cancelRequest === undefined ? {} : { cancelRequest: entry.cancelRequest }),
  }
}
