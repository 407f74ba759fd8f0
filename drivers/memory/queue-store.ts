import {
  type ClaimedJob,
  type JobRecord,
  keptFailures,
  keptLogLines,
  type Lease,
  type NewJob,
  type QueueCounts,
} from '../../core/ports/job.js'
import type {
  Cancellation,
  CancelReply,
  Ending,
  EnqueueOutcome,
  ExtendReply,
  JobPage,
  ListRequest,
  Outcome,
  ProgressReply,
  ProgressUpdate,
  RedriveReply,
  RemoveReply,
  Settlement,
  SettleReply,
} from '../../core/ports/queue.js'
import { createFifo } from './fifo.js'
import { claimedJob, createEntry, hasEnded, type JobEntry, jobRecord } from './job-entry.js'
import { createJoins } from './joins.js'
import { createLine, type WaitingLine } from './waiting-line.js'

type EndOutcome = Exclude<Outcome, { readonly type: 'retry' | 'released' }>

/** What a store tells as it happens. */
export interface StoreEvents {
  /** A job of this queue may be due now or later. */
  stored(queue: string): void
  /** Cancellation of an active job was requested. */
  cancelRequested(id: string): void
  /** The job has ended. */
  ended(id: string): void
  /** The job was put back without having ended. */
  released(id: string): void
}

/** Jobs in memory. Every call is one atomic step, and `now` is the time at which it happens. */
export interface JobStore {
  /** Calls `events` until the returned function is called. */
  observe(events: StoreEvents): () => void
  enqueue(job: NewJob, now: number): EnqueueOutcome
  claim(request: { readonly queue: string; readonly max: number; readonly lease: number }, now: number): ClaimedJob[]
  extend(lease: Lease, length: number, now: number): ExtendReply
  settle(settlement: Settlement, now: number): SettleReply
  progress(update: ProgressUpdate): ProgressReply
  get(id: string, now: number): JobRecord | undefined
  cancel(cancellation: Cancellation, now: number): CancelReply
  counts(queue: string, now: number): QueueCounts
  /** Milliseconds until the next waiting job is due; `undefined` when there is none. */
  nextDue(queue: string, now: number): number | undefined
  pause(queue: string, paused: boolean): void
  isPaused(queue: string): boolean
  list(request: ListRequest, now: number): JobPage
  remove(id: string, now: number): RemoveReply
  redrive(id: string, now: number): RedriveReply
  log(id: string, now: number): readonly string[]
}

/** @param keepFinished How many records of ended jobs are kept at most; the oldest go first. */
export function createStore(keepFinished: number): JobStore {
  const jobs = new Map<string, JobEntry>()
  const lines = new Map<string, WaitingLine>()
  const finished = createFifo<JobEntry>()
  const joins = createJoins(keepFinished)
  const observers = new Set<StoreEvents>()

  function lineOf(queue: string): WaitingLine {
    const known = lines.get(queue)
    if (known) return known
    const line = createLine()
    lines.set(queue, line)
    return line
  }

  function tell(event: keyof StoreEvents, subject: string): void {
    for (const observer of observers) observer[event](subject)
  }

  /** The job, unless it is unknown or its record has expired. */
  function find(id: string, now: number): JobEntry | undefined {
    const entry = jobs.get(id)
    if (!entry || !hasEnded(entry) || entry.keepUntil > now) return entry
    forget(entry)
    return undefined
  }

  function forget(entry: JobEntry): void {
    if (jobs.get(entry.job.id) !== entry) return
    jobs.delete(entry.job.id)
    lineOf(entry.job.queue).counts[entry.state]--
  }

  function enqueue(job: NewJob, now: number): EnqueueOutcome {
    if (find(job.id, now)) return { id: job.id, deduplicated: true }
    const entry = createEntry(job, now)
    jobs.set(job.id, entry)
    lineOf(job.queue).add(entry, now)
    tell('stored', job.queue)
    return { id: job.id, deduplicated: false }
  }

  function held(lease: Lease): JobEntry | undefined {
    const entry = jobs.get(lease.id)
    return entry?.state === 'active' && entry.token === lease.token && entry.job.queue === lease.queue
      ? entry
      : undefined
  }

  /** Ends the claim on an active job. */
  function give(entry: JobEntry): WaitingLine {
    const line = lineOf(entry.job.queue)
    line.active.delete(entry)
    line.counts.active--
    entry.token = ''
    return line
  }

  function end(entry: JobEntry, state: 'completed' | 'failed' | 'cancelled', keep: number, now: number): void {
    entry.state = state
    entry.finishedAt = now
    entry.keepUntil = now + keep
    lineOf(entry.job.queue).counts[state]++
    if (keep <= 0) forget(entry)
    else finished.push(entry)
    for (let oldest = finished.peek(); oldest; oldest = finished.peek()) {
      if (finished.size <= keepFinished && oldest.keepUntil > now) break
      finished.shift()
      forget(oldest)
    }
    tell('ended', entry.job.id)
  }

  /** Lets an active job wait again. */
  function putBack(entry: JobEntry, delay: number, now: number): void {
    const line = give(entry)
    entry.dueAt = now + Math.max(0, delay)
    line.add(entry, now)
    tell('stored', entry.job.queue)
  }

  function reapLapsed(line: WaitingLine, now: number): void {
    if (now < line.nextLapse) return
    for (const entry of line.active) if (entry.leaseUntil <= now) putBack(entry, 0, now)
    line.nextLapse = earliestLapse(line)
  }

  function apply(entry: JobEntry, outcome: Outcome, now: number): void {
    if (outcome.type === 'released') {
      entry.deliveries--
      putBack(entry, outcome.delay, now)
      tell('released', entry.job.id)
    } else if (outcome.type === 'retry') {
      entry.error = outcome.error
      noteFailure(entry, outcome.error, now)
      putBack(entry, outcome.delay, now)
    } else {
      give(entry)
      if (outcome.type === 'completed') entry.result = outcome.result
      entry.error = errorOf(outcome, entry.cancelRequest)
      if (outcome.type === 'failed') {
        entry.reason = outcome.reason
        noteFailure(entry, outcome.error, now)
      }
      end(entry, outcome.type, outcome.keep, now)
    }
  }

  function follow(ending: Ending, now: number): void {
    for (const job of ending.enqueue ?? []) enqueue(job, now)
    if (ending.join && joins.count(ending.join, now)) for (const job of ending.join.next) enqueue(job, now)
  }

  let claims = 0

  return {
    observe(events) {
      observers.add(events)
      return () => void observers.delete(events)
    },
    enqueue,
    claim({ queue, max, lease }, now) {
      const line = lineOf(queue)
      reapLapsed(line, now)
      if (line.paused) return []
      const claimed: ClaimedJob[] = []
      while (claimed.length < max) {
        const entry = line.take(now)
        if (!entry) break
        entry.state = 'active'
        entry.deliveries++
        entry.token = String(++claims)
        entry.claimedAt = now
        entry.leaseUntil = now + lease
        line.counts.active++
        line.active.add(entry)
        claimed.push(claimedJob(entry))
      }
      if (claimed.length > 0) line.nextLapse = Math.min(line.nextLapse, now + lease)
      return claimed
    },
    extend(lease, length, now) {
      const entry = held(lease)
      if (!entry) return 'lost'
      entry.leaseUntil = now + length
      const line = lineOf(lease.queue)
      line.nextLapse = Math.min(line.nextLapse, entry.leaseUntil)
      return entry.cancelRequest === undefined ? 'held' : 'cancelled'
    },
    settle(settlement, now) {
      const entry = held(settlement)
      if (!entry) return 'lost'
      if (entry.cancelRequest !== undefined && isPutBack(settlement.outcome)) return 'cancelled'
      apply(entry, settlement.outcome, now)
      follow(settlement, now)
      return 'settled'
    },
    progress(update) {
      const entry = held(update)
      if (!entry) return 'lost'
      entry.progress = update.value ?? entry.progress
      if (update.log) entry.log = [...entry.log, ...update.log].slice(-keptLogLines)
      return 'stored'
    },
    get(id, now) {
      const entry = find(id, now)
      return entry && jobRecord(entry, now)
    },
    cancel(cancellation, now) {
      const { id, error, keep } = cancellation
      const entry = find(id, now)
      if (!entry) return 'unknown'
      if (hasEnded(entry)) return 'finished'
      if (entry.state === 'active') {
        entry.cancelRequest ??= error
        tell('cancelRequested', id)
        return 'requested'
      }
      const line = lineOf(entry.job.queue)
      line.counts[entry.state]--
      entry.error = error
      end(entry, 'cancelled', keep, now)
      line.dropped()
      follow(cancellation, now)
      return 'cancelled'
    },
    counts(queue, now) {
      const line = lineOf(queue)
      reapLapsed(line, now)
      line.promote(now)
      finished.retain((entry) => entry.keepUntil > now || forget(entry) !== undefined)
      return { ...line.counts }
    },
    nextDue(queue, now) {
      const line = lineOf(queue)
      const due = line.paused ? undefined : line.nextDue(now)
      return due === undefined ? undefined : Math.max(0, due - now)
    },
    pause(queue, paused) {
      lineOf(queue).paused = paused
      if (!paused) tell('stored', queue)
    },
    isPaused: (queue) => lineOf(queue).paused,
    list({ queue, state, task, max, cursor }, now) {
      const from = Number(cursor ?? 0)
      const all = [...jobs.keys()]
        .flatMap((id) => find(id, now) ?? [])
        .filter(({ job }) => job.queue === queue && (task === undefined || job.task === task))
        .map((entry) => jobRecord(entry, now))
        .filter((record) => record.state === state)
        .sort((left, right) => (right.finishedAt ?? 0) - (left.finishedAt ?? 0))
      const next = from + max < all.length ? { next: String(from + max) } : {}
      return { jobs: all.slice(from, from + max), ...next }
    },
    remove(id, now) {
      const entry = find(id, now)
      if (!entry) return 'unknown'
      if (!hasEnded(entry)) return 'live'
      forget(entry)
      return 'removed'
    },
    redrive(id, now) {
      const entry = find(id, now)
      if (!entry) return 'unknown'
      if (entry.state !== 'failed') return 'kept'
      const line = lineOf(entry.job.queue)
      line.counts.failed--
      finished.retain((each) => each !== entry)
      Object.assign(entry, { deliveries: 0, error: undefined, reason: undefined, firstDueAt: now, dueAt: now })
      line.add(entry, now)
      tell('stored', entry.job.queue)
      return 'redriven'
    },
    log: (id, now) => find(id, now)?.log ?? [],
  }
}

/** The error that an ended job keeps. */
function errorOf(outcome: EndOutcome, cancelRequest: string | undefined): string | undefined {
  if (outcome.type === 'completed') return undefined
  return outcome.type === 'cancelled' ? (cancelRequest ?? outcome.error) : outcome.error
}

function noteFailure(entry: JobEntry, error: string, at: number): void {
  entry.failures = [...entry.failures, { delivery: entry.deliveries, at, error }].slice(-keptFailures)
}

function isPutBack({ type }: Outcome): boolean {
  return type === 'retry' || type === 'released'
}

function earliestLapse(line: WaitingLine): number {
  let earliest = Number.POSITIVE_INFINITY
  for (const { leaseUntil } of line.active) earliest = Math.min(earliest, leaseUntil)
  return earliest
}
