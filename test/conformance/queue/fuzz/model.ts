import assert from 'node:assert/strict'
import type { ClaimedJob, JobRecord, JobState, Lease, NewJob, QueueCounts } from '../../../../core/ports/job.js'
import type {
  Cancellation,
  CancelReply,
  ClaimReply,
  ClaimRequest,
  EnqueueOutcome,
  ExtendReply,
  ProgressReply,
  ProgressUpdate,
  RedriveReply,
  RemoveReply,
  Settlement,
  SettleReply,
} from '../../../../core/ports/queue.js'
import { expectBounds, expectChoice, expectGroupBound } from './model-claim.js'
import { hasEnded, isLapsed, type ModelJob } from './model-job.js'
import { expectCounts, expectFields, expectList, expectOneOf, expectRecord } from './model-read.js'
import { createModelState } from './model-state.js'

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
  const state = createModelState()
  const { find } = state
  const paused = new Set<string>()
  const tokens = new Set<string>()

  function ofQueue(queue: string): ModelJob[] {
    return state.all().filter(({ job }) => job.queue === queue)
  }

  /** Until a claim finds that a lease has lapsed, the port lets it live on. */
  function standing(lease: Lease): 'held' | 'lapsed' | 'lost' {
    const job = find(lease.id)
    if (job?.state !== 'active' || job.token !== lease.token || job.job.queue !== lease.queue) return 'lost'
    return isLapsed(job, state.now) ? 'lapsed' : 'held'
  }

  /** Checks a reply to the holder of a lease. Returns the job when the driver took the lease for held. */
  function holder(lease: Lease, reply: string | undefined, whenHeld: string): ModelJob | undefined {
    const stands = standing(lease)
    const allowed = { held: [whenHeld], lapsed: [whenHeld, 'lost'], lost: ['lost'] }[stands]
    expectOneOf(reply, allowed, `the lease is ${stands}`)
    const job = find(lease.id)
    if (reply !== 'lost') return job
    if (job && stands === 'lapsed') state.putBack(job, 0)
    return undefined
  }

  function give(given: ClaimedJob, request: ClaimRequest): void {
    const { now } = state
    const job = find(given.id)
    assert.ok(job, 'claim gave a job that does not exist')
    assert.equal(job.job.queue, request.queue, 'claim gave a job of another queue')
    assert.ok(!hasEnded(job), `claim gave a job that is ${job.state}`)
    const free = job.state !== 'active' || isLapsed(job, now)
    assert.ok(free, 'claim gave a job whose lease is live: it has two holders now')
    assert.ok(job.state === 'active' || job.due <= now, `claim gave a job ${job.due - now} ms before it is due`)
    const token = `${given.id} ${given.token}`
    assert.ok(!tokens.has(token), `claim gave the token ${given.token} twice`)
    tokens.add(token)
    state.start(job, given.token, request)
    expectGiven(job, given)
  }

  return {
    get now() {
      return state.now
    },
    jobs: state.all,
    pass(ms) {
      state.now += ms
    },
    pause(queue, on) {
      if (on) paused.add(queue)
      else paused.delete(queue)
    },
    isPaused: (queue) => paused.has(queue),
    enqueued: (added, outcomes) => assert.deepEqual(outcomes, state.store(added, outcomes)),
    claimed(request, reply, raced = false) {
      const { now } = state
      const jobs = ofQueue(request.queue)
      const ready = jobs.filter(({ state, due }) => state === 'waiting' && due <= now)
      const lapsed = jobs.filter((job) => isLapsed(job, now))
      for (const job of reply.jobs) give(job, request)
      const claim = { request, reply, now, paused: paused.has(request.queue), jobs, ready, lapsed }
      expectBounds(claim)
      if (!raced) expectChoice(claim)
    },
    settled(settlement, reply) {
      const { outcome } = settlement
      const stays = outcome.type === 'retry' || outcome.type === 'released'
      const refused = stays && find(settlement.id)?.cancelRequest !== undefined
      const job = holder(settlement, reply, refused ? 'cancelled' : 'settled')
      if (job && !refused) state.settle(job, outcome, settlement)
    },
    extended(lease, length, reply) {
      const job = holder(lease, reply, find(lease.id)?.cancelRequest !== undefined ? 'cancelled' : 'held')
      if (!job) return
      job.leaseUntil = state.now + length
      expectGroupBound(job, ofQueue(lease.queue), state.now)
    },
    progressed(update, reply) {
      const job = holder(update, reply, 'stored')
      if (job) state.progress(job, update)
    },
    cancelled(cancellation, reply) {
      const job = find(cancellation.id)
      if (!job) return void expectOneOf(reply, ['unknown'], 'there is no such job')
      if (hasEnded(job)) return void expectOneOf(reply, ['finished'], `the job is ${job.state}`)
      const strict = job.state === 'active' ? 'requested' : 'cancelled'
      expectOneOf(reply, state.isInDoubt(job) ? ['requested', 'cancelled'] : [strict], `the job is ${job.state}`)
      if (reply === 'requested') job.cancelRequest ??= cancellation.error
      else state.cancel(job, cancellation)
    },
    removed(id, reply) {
      const job = find(id)
      expectOneOf(reply, [job ? (hasEnded(job) ? 'removed' : 'live') : 'unknown'], `the job is ${job?.state}`)
      if (reply === 'removed') state.remove(id)
    },
    redriven(id, reply) {
      const job = find(id)
      expectOneOf(reply, [job ? (job.state === 'failed' ? 'redriven' : 'kept') : 'unknown'], `the job is ${job?.state}`)
      if (job && reply === 'redriven') state.redrive(job)
    },
    read(id, record) {
      const job = find(id)
      if (!job) return assert.ok(!record, `there is a record of ${record?.payload}, which is gone or never was`)
      assert.ok(record, `the ${job.state} job ${job.job.payload} is gone`)
      expectRecord(job, record, state.now)
    },
    logged: (id, log) => assert.deepEqual(log, find(id)?.log ?? [], 'the log'),
    counted: (queue, counts) => expectCounts(ofQueue(queue), counts, state.now),
    listed: (queue, jobState, ids) => expectList(ofQueue(queue), jobState, ids, state.now),
  }
}

/** A claimed job must be as it was stored. */
function expectGiven({ job, deliveries, cancelRequest }: ModelJob, given: ClaimedJob): void {
  const { queue, task, payload, meta, priority } = job
  const expected = { queue, task, payload, meta, priority, deliveries, cancelRequest }
  expectFields(given, expected, 'claim gave a job that is not what was stored')
  assert.ok(given.dueAt <= given.claimedAt, `dueAt ${given.dueAt} is after claimedAt ${given.claimedAt}`)
}
