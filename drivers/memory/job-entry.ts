import type { ClaimedJob, JobRecord, JobState, NewJob } from '../../core/ports/queue.js'

/** A job in the memory of this process. */
export interface JobEntry {
  readonly job: NewJob
  readonly enqueuedAt: number
  state: JobState
  deliveries: number
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
  /** The error of the first request to cancel it while it was active. */
  cancelRequest: string | undefined
}

export function createEntry(job: NewJob, now: number): JobEntry {
  return {
    job,
    enqueuedAt: now,
    state: 'waiting',
    deliveries: 0,
    dueAt: Math.max(now, job.runAt ?? now + job.delay),
    delayedAs: 0,
    token: '',
    claimedAt: 0,
    leaseUntil: 0,
    finishedAt: 0,
    keepUntil: 0,
    progress: undefined,
    result: undefined,
    error: undefined,
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
    dueAt: entry.dueAt,
    claimedAt: entry.claimedAt,
    cancelRequested: entry.cancelRequest !== undefined,
  }
  return job.key === undefined ? claimed : { ...claimed, key: job.key }
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
    dueAt: entry.dueAt,
    ...(entry.deliveries === 0 ? {} : { startedAt: entry.claimedAt }),
    ...(hasEnded(entry) ? { finishedAt: entry.finishedAt } : {}),
    ...(entry.progress === undefined ? {} : { progress: entry.progress }),
    ...(entry.result === undefined ? {} : { result: entry.result }),
    ...(entry.error === undefined ? {} : { error: entry.error }),
    cancelRequested: entry.cancelRequest !== undefined,
  }
}
