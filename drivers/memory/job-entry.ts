import {
  type AttemptFailure,
  type ClaimedJob,
  type JobRecord,
  type JobState,
  keptFailures,
  keptLogLines,
  type NewJob,
} from '../../core/ports/job.js'
import type { Link } from './chain.js'
import type { Placed } from './heap.js'
import type { Roll } from './roll.js'

export type EndState = 'completed' | 'failed' | 'cancelled'

/** A job in the memory of this process. What a waiting job does not have yet is in parts of its own, so that it is small. */
export interface JobEntry extends Link<JobEntry>, Placed {
  readonly job: NewJob
  /** Grows with every job of the store. */
  readonly number: number
  readonly enqueuedAt: number
  state: JobState
  deliveries: number
  dueAt: number
  /** The latest one, until the job ends. */
  claim: Claim | undefined
  notes: Notes | undefined
  ended: Ended | undefined
}

/** One handing over to a worker. */
export interface Claim {
  readonly job: ClaimedJob
  leaseUntil: number
}

/** What most jobs never have. */
export interface Notes {
  /** When it was due at first, if it was put back since then. */
  firstDueAt?: number
  progress?: string
  error?: string | undefined
  reason?: string
  failures?: readonly AttemptFailure[]
  log?: readonly string[]
  /** The error of the first request to cancel it while it was active. */
  cancelRequest?: string
}

/** How a job ended. */
export interface Ended {
  /** Absent when the record is gone. */
  entry: JobEntry | undefined
  /** Grows with every job that ends. */
  readonly number: number
  readonly startedAt: number | undefined
  readonly at: number
  readonly shelf: Shelf
  readonly result: string | undefined
}

/** The records that are kept equally long, in the order in which they expire. */
export interface Shelf extends Placed {
  /** Milliseconds from the end of each job. */
  readonly keep: number
  readonly records: Roll<Ended>
  size: number
  /** When the latest of its jobs ended. */
  newest: number
  /** None of its records expires before this moment. */
  due: number
}

export function createEntry(job: NewJob, number: number, now: number): JobEntry {
  return {
    job,
    number,
    enqueuedAt: now,
    state: 'waiting',
    deliveries: 0,
    dueAt: Math.max(now, job.runAt ?? now + job.delay),
    place: 0,
    previous: undefined,
    next: undefined,
    claim: undefined,
    notes: undefined,
    ended: undefined,
  }
}

/** A failed job as if it were new, due now. */
export function renewedEntry({ job, enqueuedAt, notes }: JobEntry, number: number, now: number): JobEntry {
  const { failures, log } = notes ?? {}
  return {
    ...createEntry(job, number, now),
    enqueuedAt,
    dueAt: now,
    notes: { ...(failures ? { failures } : {}), ...(log ? { log } : {}) },
  }
}

/** The moment at which the record is gone. */
export function expiryOf({ at, shelf }: Ended): number {
  return at + shelf.keep
}

export function hasEnded({ ended }: JobEntry): boolean {
  return ended !== undefined
}

export function notesOf(entry: JobEntry): Notes {
  entry.notes ??= {}
  return entry.notes
}

export function noteFailure(entry: JobEntry, error: string, at: number): void {
  const notes = notesOf(entry)
  notes.error = error
  notes.failures = [...(notes.failures ?? []), { delivery: entry.deliveries, at, error }].slice(-keptFailures)
}

export function noteLog(entry: JobEntry, lines: readonly string[]): void {
  const notes = notesOf(entry)
  notes.log = [...(notes.log ?? []), ...lines].slice(-keptLogLines)
}

/** The job as it is handed over. */
export function claimedJob(entry: JobEntry, token: string, now: number): ClaimedJob {
  const { job, notes } = entry
  const claimed: ClaimedJob = {
    queue: job.queue,
    id: job.id,
    token,
    task: job.task,
    payload: job.payload,
    meta: job.meta,
    priority: job.priority,
    deliveries: entry.deliveries,
    enqueuedAt: entry.enqueuedAt,
    firstDueAt: firstDueAtOf(entry),
    dueAt: entry.dueAt,
    claimedAt: now,
  }
  if (job.key === undefined && notes?.cancelRequest === undefined) return claimed
  return {
    ...claimed,
    ...(job.key === undefined ? {} : { key: job.key }),
    ...(notes?.cancelRequest === undefined ? {} : { cancelRequest: notes.cancelRequest }),
  }
}

export function jobRecord(entry: JobEntry, now: number): JobRecord {
  const { job, claim, notes, ended, deliveries } = entry
  const { progress, error, reason, failures, cancelRequest } = notes ?? {}
  const startedAt = ended ? ended.startedAt : claim?.job.claimedAt
  return {
    id: job.id,
    queue: job.queue,
    task: job.task,
    payload: job.payload,
    meta: job.meta,
    ...(job.key === undefined ? {} : { key: job.key }),
    state: entry.state === 'delayed' && entry.dueAt <= now ? 'waiting' : entry.state,
    priority: job.priority,
    deliveries,
    enqueuedAt: entry.enqueuedAt,
    firstDueAt: firstDueAtOf(entry),
    dueAt: entry.dueAt,
    ...(startedAt === undefined || deliveries === 0 ? {} : { startedAt }),
    ...(ended ? { finishedAt: ended.at } : {}),
    ...(progress === undefined ? {} : { progress }),
    ...(ended?.result === undefined ? {} : { result: ended.result }),
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined ? {} : { reason }),
    failures: failures ?? [],
    ...(cancelRequest === undefined ? {} : { cancelRequest }),
  }
}

function firstDueAtOf({ notes, dueAt }: JobEntry): number {
  return notes?.firstDueAt ?? dueAt
}
