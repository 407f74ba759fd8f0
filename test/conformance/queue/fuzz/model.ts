import assert from 'node:assert/strict'
import {
  type ClaimedJob,
  type JobRecord,
  type JobState,
  keptFailures,
  keptLogLines,
  type Lease,
  type NewJob,
  type QueueCounts,
} from '../../../../core/ports/job.js'
import type {
  Cancellation,
  CancelReply,
  ClaimReply,
  ClaimRequest,
  Ending,
  EnqueueOutcome,
  ExtendReply,
  Join,
  Outcome,
  ProgressReply,
  ProgressUpdate,
  RedriveReply,
  RemoveReply,
  Settlement,
  SettleReply,
} from '../../../../core/ports/queue.js'
import { expectBounds, expectChoice, expectGroupBound } from './model-claim.js'
import { createModelJob, type EndState, hasEnded, isLapsed, type ModelJob, redrive } from './model-job.js'
import { createModelLocks, type ModelHolder } from './model-locks.js'
import { expectCounts, expectFields, expectList, expectOneOf, expectRecord } from './model-read.js'

/** Is told each call and its reply; throws when the contract does not allow the reply. */
export interface Model {
  readonly now: number
  /** All jobs whose records are kept. */
  jobs(): ModelJob[]
  pass(ms: number): void
  pause(queue: string, paused: boolean): void
  isPaused(queue: string): boolean
  enqueued(jobs: readonly NewJob[], outcomes: readonly EnqueueOutcome[]): void
  /** @param raced Another claim ran at the same time: how many jobs come, and in which order, is free. */
  claimed(request: ClaimRequest, reply: ClaimReply, raced?: boolean): void
  settled(settlement: Settlement, reply: SettleReply | undefined): void
  extended(lease: Lease, length: number, reply: ExtendReply | undefined): void
  progressed(update: ProgressUpdate, reply: ProgressReply | undefined): void
  cancelled(cancellation: Cancellation, reply: CancelReply | undefined): void
  removed(id: string, reply: RemoveReply | undefined): void
  redriven(id: string, reply: RedriveReply | undefined): void
  read(id: string, record: JobRecord | undefined): void
  logged(id: string, log: readonly string[]): void
  counted(queue: string, counts: QueueCounts): void
  listed(queue: string, state: JobState, ids: readonly string[]): void
}

export function createModel(): Model {
  const jobs = new Map<string, ModelJob>()
  const joins = new Map<string, Set<number>>()
  const locks = createModelLocks()
  const paused = new Set<string>()
  const tokens = new Set<string>()
  let now = 0
  let calls = 0

  function find(id: string): ModelJob | undefined {
    const job = jobs.get(id)
    if (!job || !hasEnded(job) || job.keepUntil > now) return job
    jobs.delete(id)
    return undefined
  }

  function all(): ModelJob[] {
    return [...jobs.keys()].flatMap((id) => find(id) ?? [])
  }

  function ofQueue(queue: string): ModelJob[] {
    return all().filter(({ job }) => job.queue === queue)
  }

  /** Until a claim finds that a lease has lapsed, the port lets it live on. */
  function standing(lease: Lease): 'held' | 'lapsed' | 'lost' {
    const job = find(lease.id)
    if (job?.state !== 'active' || job.token !== lease.token || job.job.queue !== lease.queue) return 'lost'
    return isLapsed(job, now) ? 'lapsed' : 'held'
  }

  /** Checks a reply to the holder of a lease. Returns the job when the driver took the lease for held. */
  function holder(lease: Lease, reply: string | undefined, whenHeld: string): ModelJob | undefined {
    const stands = standing(lease)
    const allowed = { held: [whenHeld], lapsed: [whenHeld, 'lost'], lost: ['lost'] }[stands]
    expectOneOf(reply, allowed, `the lease is ${stands}`)
    const job = find(lease.id)
    if (reply !== 'lost') return job
    if (job && stands === 'lapsed') putBack(job, 0)
    return undefined
  }

  /** A lapsed lease may have been found already, and a job that waits because of that may be left to the next claim. */
  function isInDoubt(job: ModelJob): boolean {
    return isLapsed(job, now) || (job.state === 'waiting' && job.cancelRequest !== undefined)
  }

  /** @param replies What the driver said, where that is known: it decides what is in doubt. */
  function store(added: readonly NewJob[], replies?: readonly EnqueueOutcome[]): EnqueueOutcome[] {
    const call = ++calls
    return added.map((job, place) => {
      const known = find(job.id)
      if (known && job.hasten) hasten(known)
      if (known) return { id: job.id, deduplicated: true }
      const keeper = locks.holder(job, now)
      const stored = replies?.[place]?.deduplicated === false
      if (keeper && !givesWay(keeper, job, stored)) return { id: keeper.id, deduplicated: true }
      jobs.set(job.id, createModelJob(job, { call, place, now }))
      locks.take(job, now)
      return { id: job.id, deduplicated: false }
    })
  }

  function hasten(job: ModelJob): void {
    if (job.state === 'waiting' && job.due > now) Object.assign(job, { due: now, hurried: true })
  }

  /** A job that has ended may or may not give way when it was redriven. */
  function givesWay({ id, hasEnded: before }: ModelHolder, { lock }: NewJob, stored: boolean): boolean {
    const job = find(id)
    if (!job || !lock?.replace || hasEnded(job)) return false
    if (!(before || isInDoubt(job) ? stored : job.state === 'waiting')) return false
    job.error = lock.replace.error
    end(job, 'cancelled', lock.replace.keep)
    return true
  }

  function putBack(job: ModelJob, delay: number): void {
    Object.assign(job, { state: 'waiting', due: now + delay, putBack: true, token: undefined })
  }

  function end(job: ModelJob, state: EndState, keep: number): void {
    Object.assign(job, { state, endedAt: now, keepUntil: now + keep, token: undefined })
    locks.free(job.job, 'ended')
  }

  function count({ id, member, size, next }: Join): void {
    const members = joins.get(id) ?? new Set()
    joins.set(id, members)
    if (members.has(member) || members.size === size) return
    if (members.add(member).size === size) store(next)
  }

  function follow({ enqueue, join }: Ending): void {
    if (enqueue) store(enqueue)
    if (join) count(join)
  }

  function give(given: ClaimedJob, { queue, lease }: ClaimRequest): void {
    const job = find(given.id)
    assert.ok(job, 'claim gave a job that does not exist')
    assert.equal(job.job.queue, queue, 'claim gave a job of another queue')
    assert.ok(!hasEnded(job), `claim gave a job that is ${job.state}`)
    const free = job.state !== 'active' || isLapsed(job, now)
    assert.ok(free, 'claim gave a job whose lease is live: it has two holders now')
    assert.ok(job.state === 'active' || job.due <= now, `claim gave a job ${job.due - now} ms before it is due`)
    const token = `${given.id} ${given.token}`
    assert.ok(!tokens.has(token), `claim gave the token ${given.token} twice`)
    tokens.add(token)
    Object.assign(job, { state: 'active', token: given.token, leaseUntil: now + lease, deliveries: job.deliveries + 1 })
    locks.free(job.job, 'claimed')
    const { task, payload, meta, priority } = job.job
    const { deliveries, cancelRequest } = job
    const expected = { queue, task, payload, meta, priority, deliveries, cancelRequest }
    expectFields(given, expected, 'claim gave a job that is not what was stored')
    assert.ok(given.dueAt <= given.claimedAt, `dueAt ${given.dueAt} is after claimedAt ${given.claimedAt}`)
  }

  function apply(job: ModelJob, outcome: Outcome): void {
    if (outcome.type === 'released') job.deliveries--
    else if (outcome.type === 'completed') Object.assign(job, { error: undefined, result: outcome.result })
    else job.error = (outcome.type === 'cancelled' ? job.cancelRequest : undefined) ?? outcome.error
    if (outcome.type === 'retry' || outcome.type === 'failed') {
      const failure = { delivery: job.deliveries, error: outcome.error }
      job.failures = [...job.failures, failure].slice(-keptFailures)
    }
    if (outcome.type === 'failed') job.reason = outcome.reason
    if (outcome.type === 'retry' || outcome.type === 'released') putBack(job, outcome.delay)
    else end(job, outcome.type, outcome.keep)
  }

  return {
    get now() {
      return now
    },
    jobs: all,
    pass(ms) {
      now += ms
    },
    pause(queue, on) {
      if (on) paused.add(queue)
      else paused.delete(queue)
    },
    isPaused: (queue) => paused.has(queue),
    enqueued: (added, outcomes) => assert.deepEqual(outcomes, store(added, outcomes)),
    claimed(request, reply, raced = false) {
      const { queue } = request
      const before = ofQueue(queue)
      const ready = before.filter(({ state, due }) => state === 'waiting' && due <= now)
      const lapsed = before.filter((job) => isLapsed(job, now))
      for (const job of reply.jobs) give(job, request)
      const claim = { request, reply, now, paused: paused.has(queue), jobs: before, ready, lapsed }
      expectBounds(claim)
      if (!raced) expectChoice(claim)
    },
    settled(settlement, reply) {
      const { outcome } = settlement
      const stays = outcome.type === 'retry' || outcome.type === 'released'
      const refused = stays && find(settlement.id)?.cancelRequest !== undefined
      const job = holder(settlement, reply, refused ? 'cancelled' : 'settled')
      if (!job || refused) return
      apply(job, outcome)
      follow(settlement)
    },
    extended(lease, length, reply) {
      const job = holder(lease, reply, find(lease.id)?.cancelRequest !== undefined ? 'cancelled' : 'held')
      if (!job) return
      job.leaseUntil = now + length
      expectGroupBound(job, ofQueue(lease.queue), now)
    },
    progressed(update, reply) {
      const job = holder(update, reply, 'stored')
      if (!job) return
      job.progress = update.value ?? job.progress
      job.log = [...job.log, ...(update.log ?? [])].slice(-keptLogLines)
    },
    cancelled(cancellation, reply) {
      const job = find(cancellation.id)
      if (!job) return void expectOneOf(reply, ['unknown'], 'there is no such job')
      if (hasEnded(job)) return void expectOneOf(reply, ['finished'], `the job is ${job.state}`)
      const strict = job.state === 'active' ? 'requested' : 'cancelled'
      expectOneOf(reply, isInDoubt(job) ? ['requested', 'cancelled'] : [strict], `the job is ${job.state}`)
      if (reply === 'requested') {
        job.cancelRequest ??= cancellation.error
        return
      }
      job.error = cancellation.error
      end(job, 'cancelled', cancellation.keep)
      follow(cancellation)
    },
    removed(id, reply) {
      const job = find(id)
      expectOneOf(reply, [job ? (hasEnded(job) ? 'removed' : 'live') : 'unknown'], `the job is ${job?.state}`)
      if (reply === 'removed') jobs.delete(id)
    },
    redriven(id, reply) {
      const job = find(id)
      expectOneOf(reply, [job ? (job.state === 'failed' ? 'redriven' : 'kept') : 'unknown'], `the job is ${job?.state}`)
      if (job && reply === 'redriven') redrive(job, now)
    },
    read(id, record) {
      const job = find(id)
      if (!job) return assert.ok(!record, `there is a record of ${record?.payload}, which is gone or never was`)
      assert.ok(record, `the ${job.state} job ${job.job.payload} is gone`)
      expectRecord(job, record, now)
    },
    logged: (id, log) => assert.deepEqual(log, find(id)?.log ?? [], 'the log'),
    counted: (queue, counts) => expectCounts(ofQueue(queue), counts, now),
    listed: (queue, state, ids) => expectList(ofQueue(queue), state, ids, now),
  }
}
