import type { ClaimedJob, NewJob } from '../../core/ports/job.js'
import { type Audience, createAudience } from './audience.js'
import { createEndedJobs } from './ended-jobs.js'
import {
  claimedJob,
  createEntry,
  type Ended,
  type EndState,
  expiryOf,
  type JobEntry,
  notesOf,
  renewedEntry,
} from './job-entry.js'
import { createQueueJobs, type QueueJobs } from './queue-jobs.js'

/** How a job ends. */
export interface End {
  readonly state: EndState
  /** Milliseconds for which its record is kept. */
  readonly keep: number
  readonly result?: string | undefined
  readonly reason?: string
  /** What became of the job's error: none with a completed one. */
  readonly error: string | undefined
}

/** Moves jobs from state to state. Counts, lines, locks, records and observers move along. */
export interface JobMoves {
  readonly tell: Audience
  /** What is known of a queue; of an unknown one nothing is remembered. */
  queueOf(name: string): QueueJobs
  /** A queue that is remembered from now on. */
  openQueue(name: string): QueueJobs
  /** The queue as it is now: with lapsed leases found, and delayed jobs waiting that are due. */
  currentQueue(name: string, now: number): QueueJobs
  /** The job, unless it is unknown or its record has expired. */
  find(id: string, now: number): JobEntry | undefined
  /** Stores a job. @param by The job that it follows. */
  store(job: NewJob, now: number, by?: string): void
  /** Makes a delayed job due. @param by The job that it follows. */
  hasten(entry: JobEntry, now: number, by?: string): void
  /** Hands over the next job that may be given. */
  start(queue: QueueJobs, lease: number, now: number): ClaimedJob | undefined
  /** Ends a live job. The caller stores what follows, and then tells that the job rests. */
  end(entry: JobEntry, end: End, now: number): void
  /** Lets an active job wait again. */
  putBack(entry: JobEntry, how: 'retried' | 'released' | 'lapsed', delay: number, now: number): void
  /** Forgets an ended job before its time. */
  forget(ended: Ended): void
  /** Lets a failed job wait as if it were new. */
  redrive(entry: JobEntry, ended: Ended, now: number): void
  /** Forgets the records whose time has passed. */
  expire(now: number): void
}

/** @param keepFinished How many records of ended jobs are kept at most; the oldest go first. */
export function createJobMoves(keepFinished: number): JobMoves {
  const jobs = new Map<string, JobEntry>()
  const queues = new Map<string, QueueJobs>()
  const records = createEndedJobs(keepFinished, gone)
  const tell = createAudience()
  /** Jobs that were stored, claims and ends so far. */
  const made = { jobs: 0, claims: 0, ends: 0 }

  function queueOf(name: string): QueueJobs {
    return queues.get(name) ?? createQueueJobs()
  }

  function openQueue(name: string): QueueJobs {
    const queue = queueOf(name)
    queues.set(name, queue)
    return queue
  }

  function put(entry: JobEntry, now: number, by?: string): void {
    const { id, queue: name } = entry.job
    const queue = openQueue(name)
    jobs.set(id, entry)
    queue.live.push(entry)
    queue.add(entry, now)
    tell.event('enqueued', entry)
    madeDue(entry, by)
  }

  function madeDue(entry: JobEntry, by: string | undefined): void {
    tell.due(entry, by)
    tell.wake(entry.job.queue)
  }

  /** A record has gone. */
  function gone(ended: Ended): void {
    const { entry } = ended
    if (!entry) return
    ended.entry = undefined
    jobs.delete(entry.job.id)
    const { counts, ended: lists } = queueOf(entry.job.queue)
    const state = entry.state as EndState
    lists[state].left(--counts[state])
  }

  /** Takes a live job out of where it is. */
  function leave(queue: QueueJobs, entry: JobEntry, now: number): void {
    const opened = entry.state === 'active' ? queue.give(entry, now) : queue.remove(entry)
    if (opened) tell.wake(entry.job.queue)
  }

  function putBack(entry: JobEntry, how: 'retried' | 'released' | 'lapsed', delay: number, now: number): void {
    const queue = queueOf(entry.job.queue)
    queue.give(entry, now)
    notesOf(entry).firstDueAt ??= entry.dueAt
    if (how === 'released') entry.deliveries--
    entry.dueAt = now + Math.max(0, delay)
    queue.add(entry, now)
    tell.event(how, entry)
    tell.wake(entry.job.queue)
  }

  function findLapsed(queue: QueueJobs, now: number): void {
    let earliest = Number.POSITIVE_INFINITY
    let next: JobEntry | undefined
    for (let entry = queue.active.first; entry; entry = next) {
      next = entry.next
      const until = entry.claim?.leaseUntil ?? 0
      if (until <= now) putBack(entry, 'lapsed', 0, now)
      else earliest = Math.min(earliest, until)
    }
    queue.nextLapse = earliest
  }

  return {
    tell,
    queueOf,
    openQueue,
    putBack,
    forget: records.drop,
    expire: records.expire,
    currentQueue(name, now) {
      const queue = queueOf(name)
      if (now >= queue.nextLapse) findLapsed(queue, now)
      queue.promote(now)
      return queue
    },
    find(id, now) {
      const entry = jobs.get(id)
      if (!entry?.ended || expiryOf(entry.ended) > now) return entry
      records.drop(entry.ended)
      return undefined
    },
    store(job, now, by) {
      const entry = createEntry(job, ++made.jobs, now)
      if (job.lock) openQueue(job.queue).locks.take(entry, job.lock)
      put(entry, now, by)
    },
    hasten(entry, now, by) {
      queueOf(entry.job.queue).hasten(entry, now)
      madeDue(entry, by)
    },
    start(queue, lease, now) {
      const entry = queue.take()
      if (!entry) return undefined
      entry.state = 'active'
      entry.deliveries++
      const job = claimedJob(entry, String(++made.claims), now)
      entry.claim = { job, leaseUntil: now + lease }
      queue.nextLapse = Math.min(queue.nextLapse, now + lease)
      if (entry.job.lock) queue.locks.reached('claimed', entry)
      tell.event('started', entry)
      return job
    },
    end(entry, { state, keep, result, reason, error }, now) {
      const queue = queueOf(entry.job.queue)
      const { counts } = queue
      leave(queue, entry, now)
      entry.state = state
      if (error !== undefined || entry.notes) notesOf(entry).error = error
      if (reason !== undefined) notesOf(entry).reason = reason
      records.expire(now)
      const startedAt = entry.claim?.job.claimedAt
      const shelf = records.shelf(keep, now)
      const ended: Ended = { entry, number: ++made.ends, startedAt, at: now, shelf, result }
      entry.ended = ended
      entry.claim = undefined
      counts[state]++
      queue.live.left(counts.waiting + counts.delayed + counts.active)
      if (entry.job.lock) queue.locks.reached('ended', entry)
      if (keep > 0) {
        queue.ended[state].push(ended)
        records.add(ended)
      } else gone(ended)
      tell.event(state, entry)
    },
    redrive(entry, ended, now) {
      records.drop(ended)
      put(renewedEntry(entry, ++made.jobs, now), now)
    },
  }
}
