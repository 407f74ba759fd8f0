import type { ClaimedJob, JobRecord, Lease, Lock, NewJob, QueueCounts } from '../../core/ports/job.js'
import type {
  Cancellation,
  CancelReply,
  ClaimReply,
  ClaimRequest,
  Ending,
  EnqueueOutcome,
  ExtendReply,
  JobPage,
  ListRequest,
  Outcome,
  ProgressReply,
  ProgressUpdate,
  RateLimit,
  RedriveReply,
  RemoveReply,
  ReplacedJob,
  Settlement,
  SettleReply,
} from '../../core/ports/queue.js'
import type { Audience } from './audience.js'
import { type JobEntry, jobRecord, noteFailure, noteLog, notesOf } from './job-entry.js'
import { createJobMoves, type End } from './job-moves.js'
import { createJoins } from './joins.js'
import { listJobs } from './listing.js'
import type { Holder } from './locks.js'
import type { QueueJobs } from './queue-jobs.js'

/** Jobs in memory. Every call is one atomic step, and `now` is the time at which it happens. */
export interface JobStore {
  readonly observe: Audience['observe']
  enqueue(job: NewJob, now: number): EnqueueOutcome
  claim(request: ClaimRequest, now: number): Omit<ClaimReply, 'settled'>
  extend(lease: Lease, length: number, now: number): ExtendReply
  settle(settlement: Settlement, now: number): SettleReply
  progress(update: ProgressUpdate, now: number): ProgressReply
  get(id: string, now: number): JobRecord | undefined
  cancel(cancellation: Cancellation, now: number): CancelReply
  counts(queue: string, now: number): QueueCounts
  pause(queue: string, paused: boolean): void
  isPaused(queue: string): boolean
  list(request: ListRequest, now: number): JobPage
  remove(id: string, now: number): RemoveReply
  redrive(id: string, now: number): RedriveReply
  log(id: string, now: number): readonly string[]
}

/** @param keepFinished How many records of ended jobs are kept at most; the oldest go first. */
export function createStore(keepFinished: number): JobStore {
  const moves = createJobMoves(keepFinished)
  const { tell, find, queueOf, openQueue, currentQueue } = moves
  const joins = createJoins(keepFinished)

  function enqueue(job: NewJob, now: number, by?: string): EnqueueOutcome {
    const { id, queue, lock } = job
    const known = find(id, now)
    if (known) {
      if (job.hasten && known.state === 'delayed' && known.dueAt > now) moves.hasten(known, now, by)
      return { id, deduplicated: true }
    }
    const holder = lock && queueOf(queue).locks.holder(lock.key, now)
    const replaced = holder && giveWay(holder, lock, now)
    if (holder && !replaced) return { id: holder.id, deduplicated: true }
    moves.store(job, now, by)
    return replaced ? { id, deduplicated: false, replaced } : { id, deduplicated: false }
  }

  /** Ends a holder that waits, when it is to be replaced. */
  function giveWay({ entry }: Holder, { replace }: Lock, now: number): ReplacedJob | undefined {
    if (!replace || !entry || !isWaiting(entry)) return undefined
    moves.end(entry, { state: 'cancelled', ...replace }, now)
    tell.rested(entry)
    return { id: entry.job.id, meta: entry.job.meta, deliveries: entry.deliveries }
  }

  /** The job, if this is its current claim. */
  function held({ queue, id, token }: Lease, now: number): JobEntry | undefined {
    const entry = find(id, now)
    return entry?.state === 'active' && entry.claim?.job.token === token && entry.job.queue === queue
      ? entry
      : undefined
  }

  function apply(entry: JobEntry, outcome: Outcome, now: number): void {
    if (outcome.type === 'released') moves.putBack(entry, 'released', outcome.delay, now)
    else if (outcome.type === 'retry') {
      noteFailure(entry, outcome.error, now)
      moves.putBack(entry, 'retried', outcome.delay, now)
    } else {
      if (outcome.type === 'failed') noteFailure(entry, outcome.error, now)
      moves.end(entry, endOf(outcome, entry.notes?.cancelRequest), now)
    }
  }

  function follow({ enqueue: jobs = [], join }: Ending, by: string, now: number): void {
    for (const job of jobs) enqueue(job, now, by)
    if (join && joins.count(join, now)) for (const job of join.next) enqueue(job, now, by)
  }

  return {
    observe: tell.observe,
    enqueue: (job, now) => enqueue(job, now),
    claim({ queue: name, max, lease, concurrency = Number.POSITIVE_INFINITY, rate }, now) {
      const queue = currentQueue(name, now)
      if (queue.paused) return { jobs: [] }
      const tokens = rate ? queue.bucket.tokens(rate, now) : max
      const room = Math.min(max, concurrency - queue.counts.active, tokens)
      const jobs: ClaimedJob[] = []
      while (jobs.length < room) {
        const job = moves.start(queue, lease, now)
        if (!job) break
        jobs.push(job)
      }
      if (rate) queue.bucket.spend(jobs.length)
      const full = queue.counts.active >= concurrency
      if (full) queue.full = true
      const nextDue = full || jobs.length === max ? undefined : dueIn(queue, rate, now)
      return nextDue === undefined ? { jobs } : { jobs, nextDue }
    },
    extend(lease, length, now) {
      const entry = held(lease, now)
      if (!entry?.claim) return 'lost'
      const queue = queueOf(lease.queue)
      entry.claim.leaseUntil = now + length
      queue.nextLapse = Math.min(queue.nextLapse, entry.claim.leaseUntil)
      return entry.notes?.cancelRequest === undefined ? 'held' : 'cancelled'
    },
    settle(settlement, now) {
      const entry = held(settlement, now)
      if (!entry) return 'lost'
      const { outcome } = settlement
      if (entry.notes?.cancelRequest !== undefined && isPutBack(outcome)) return 'cancelled'
      apply(entry, outcome, now)
      follow(settlement, settlement.id, now)
      if (outcome.type !== 'retry') tell.rested(entry)
      return 'settled'
    },
    progress(update, now) {
      const entry = held(update, now)
      if (!entry) return 'lost'
      if (update.log) noteLog(entry, update.log)
      if (update.value !== undefined) {
        notesOf(entry).progress = update.value
        tell.event('progressed', entry)
      }
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
      if (entry.ended) return 'finished'
      if (entry.state === 'active') {
        notesOf(entry).cancelRequest ??= error
        tell.cancelRequested(id)
        return 'requested'
      }
      moves.end(entry, { state: 'cancelled', error, keep }, now)
      follow(cancellation, id, now)
      tell.rested(entry)
      return 'cancelled'
    },
    counts(name, now) {
      const { counts } = currentQueue(name, now)
      moves.expire(now)
      return { ...counts }
    },
    pause(name, paused) {
      const queue = paused ? openQueue(name) : queueOf(name)
      queue.paused = paused
      if (!paused) tell.wake(name)
    },
    isPaused: (name) => queueOf(name).paused,
    list(request, now) {
      moves.expire(now)
      return listJobs(currentQueue(request.queue, now), request, now)
    },
    remove(id, now) {
      const entry = find(id, now)
      if (!entry) return 'unknown'
      if (!entry.ended) return 'live'
      moves.forget(entry.ended)
      return 'removed'
    },
    redrive(id, now) {
      const entry = find(id, now)
      if (!entry) return 'unknown'
      if (!entry.ended || entry.state !== 'failed') return 'kept'
      moves.redrive(entry, entry.ended, now)
      return 'redriven'
    },
    log: (id, now) => find(id, now)?.notes?.log ?? [],
  }
}

function endOf(outcome: Exclude<Outcome, { readonly type: 'retry' | 'released' }>, cancelRequest?: string): End {
  const { type: state, keep } = outcome
  if (outcome.type === 'completed') return { state, keep, result: outcome.result, error: undefined }
  if (outcome.type === 'failed') return { state, keep, reason: outcome.reason, error: outcome.error }
  return { state, keep, error: cancelRequest ?? outcome.error }
}

function isPutBack({ type }: Outcome): boolean {
  return type === 'retry' || type === 'released'
}

function isWaiting({ state }: JobEntry): boolean {
  return state === 'waiting' || state === 'delayed'
}

/** Milliseconds until a claim that came back short could bring a job without a signal before. */
function dueIn(queue: QueueJobs, rate: RateLimit | undefined, now: number): number | undefined {
  const dueAt = queue.open ? now : queue.nextDelayed()
  return dueAt === undefined ? undefined : Math.max(dueAt - now, rate ? queue.bucket.wait(rate) : 0)
}
