import assert from 'node:assert/strict'
import type { ClaimedJob, JobRecord, Lease, NewJob, QueueCounts } from '../../../../core/ports/job.js'
import type {
  Cancellation,
  CancelReply,
  ClaimReply,
  ClaimRequest,
  Ending,
  EnqueueOutcome,
  ExtendReply,
  Join,
  ProgressReply,
  ProgressUpdate,
  Settlement,
  SettleReply,
} from '../../../../core/ports/queue.js'
import { createModelJob, hasEnded, type ModelJob, mustPrecede } from './model-job.js'
import { step } from './plans.js'

/** Is told each call and its reply; throws when the contract does not allow the reply. */
export interface Model {
  readonly now: number
  /** All jobs whose records are kept. */
  jobs(): ModelJob[]
  pass(ms: number): void
  enqueued(jobs: readonly NewJob[], outcomes: readonly EnqueueOutcome[]): void
  /** @param raced Another claim ran at the same time: how many jobs come, and in which order, is free. */
  claimed(request: ClaimRequest, reply: ClaimReply, raced?: boolean): void
  settled(settlement: Settlement, reply: SettleReply | undefined): void
  extended(lease: Lease, length: number, reply: ExtendReply | undefined): void
  progressed(update: ProgressUpdate, reply: ProgressReply | undefined): void
  cancelled(cancellation: Cancellation, reply: CancelReply | undefined): void
  read(id: string, record: JobRecord | undefined): void
  counted(queue: string, counts: QueueCounts): void
}

export function createModel(): Model {
  const jobs = new Map<string, ModelJob>()
  const joins = new Map<string, Set<number>>()
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

  function isLapsed(job: ModelJob): boolean {
    return job.state === 'active' && job.leaseUntil <= now
  }

  /** Until a claim finds that a lease has lapsed, the port lets it live on. */
  function standing(lease: Lease): 'held' | 'lapsed' | 'lost' {
    const job = find(lease.id)
    if (job?.state !== 'active' || job.token !== lease.token || job.job.queue !== lease.queue) return 'lost'
    return isLapsed(job) ? 'lapsed' : 'held'
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

  function store(added: readonly NewJob[]): EnqueueOutcome[] {
    const call = ++calls
    return added.map((job, place) => {
      const deduplicated = find(job.id) !== undefined
      if (!deduplicated) jobs.set(job.id, createModelJob(job, { call, place, now }))
      return { id: job.id, deduplicated }
    })
  }

  function putBack(job: ModelJob, delay: number): void {
    Object.assign(job, { state: 'waiting', due: now + delay, putBack: true, token: undefined })
  }

  function end(job: ModelJob, state: 'completed' | 'failed' | 'cancelled', keep: number): void {
    Object.assign(job, { state, keepUntil: now + keep, token: undefined })
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
    assert.ok(job.state !== 'active' || isLapsed(job), 'claim gave a job whose lease is live: it has two holders now')
    assert.ok(job.state === 'active' || job.due <= now, `claim gave a job ${job.due - now} ms before it is due`)
    const token = `${given.id} ${given.token}`
    assert.ok(!tokens.has(token), `claim gave the token ${given.token} twice`)
    tokens.add(token)
    Object.assign(job, { state: 'active', token: given.token, leaseUntil: now + lease, deliveries: job.deliveries + 1 })
    const { task, payload, meta, priority } = job.job
    const { deliveries, cancelRequest } = job
    const expected = { queue, task, payload, meta, priority, deliveries, cancelRequest }
    assert.deepEqual(pick(given, expected), expected, 'claim gave a job that is not what was stored')
    assert.ok(given.dueAt <= given.claimedAt, `dueAt ${given.dueAt} is after claimedAt ${given.claimedAt}`)
  }

  function inOrder(given: readonly ClaimedJob[], before: readonly ModelJob[]): void {
    const places = new Map(given.map(({ id }, place) => [id, place]))
    const placeOf = ({ job }: ModelJob) => places.get(job.id) ?? Number.POSITIVE_INFINITY
    for (const first of before) {
      const wrong = before.find((other) => placeOf(other) < placeOf(first) && mustPrecede(first, other))
      assert.ok(!wrong, `claim gave ${wrong?.job.payload} sooner than ${first.job.payload}`)
    }
  }

  function expectNextDue({ queue, max }: ClaimRequest, given: number, ms: number | undefined): void {
    const later = all().flatMap(({ job, state, due }) =>
      job.queue === queue && state === 'waiting' && due > now ? [due - now] : [],
    )
    const expected = given === max || later.length === 0 ? undefined : Math.min(...later)
    if (expected === undefined) assert.equal(ms, undefined, `nextDue after ${given} jobs`)
    else assert.ok(isNear(ms, expected), `nextDue is ${ms}, expected ${expected}`)
  }

  return {
    get now() {
      return now
    },
    jobs: all,
    pass(ms) {
      now += ms
    },
    enqueued: (added, outcomes) => assert.deepEqual(outcomes, store(added)),
    claimed(request, { jobs: given, nextDue }, raced = false) {
      const ready = all().filter(
        ({ job, state, due }) => job.queue === request.queue && state === 'waiting' && due <= now,
      )
      const lapsed = all().filter((job) => job.job.queue === request.queue && isLapsed(job))
      const expected = Math.min(request.max, ready.length + lapsed.length)
      assert.ok(given.length <= request.max, `claim gave ${given.length} jobs, at most ${request.max} were asked for`)
      for (const job of given) give(job, request)
      if (raced) return
      assert.equal(given.length, expected, `of ${ready.length} due and ${lapsed.length} lapsed jobs claim gave too few`)
      inOrder(given, ready)
      expectNextDue(request, given.length, nextDue)
    },
    settled(settlement, reply) {
      const { outcome } = settlement
      const stays = outcome.type === 'retry' || outcome.type === 'released'
      const refused = stays && find(settlement.id)?.cancelRequest !== undefined
      const job = holder(settlement, reply, refused ? 'cancelled' : 'settled')
      if (!job || refused) return
      if (outcome.type === 'released') job.deliveries--
      else if (outcome.type === 'completed') job.error = undefined
      else job.error = (outcome.type === 'cancelled' ? job.cancelRequest : undefined) ?? outcome.error
      if (outcome.type === 'completed') job.result = outcome.result
      if (outcome.type === 'retry' || outcome.type === 'released') putBack(job, outcome.delay)
      else end(job, outcome.type, outcome.keep)
      follow(settlement)
    },
    extended(lease, length, reply) {
      const job = holder(lease, reply, find(lease.id)?.cancelRequest !== undefined ? 'cancelled' : 'held')
      if (job) job.leaseUntil = now + length
    },
    progressed(update, reply) {
      const job = holder(update, reply, 'stored')
      if (job) job.progress = update.value
    },
    cancelled(cancellation, reply) {
      const job = find(cancellation.id)
      if (!job) return expectOneOf(reply, ['unknown'], 'there is no such job')
      if (hasEnded(job)) return expectOneOf(reply, ['finished'], `the job is ${job.state}`)
      // A lapsed lease may have been found already, and a job that waits because of that may be left to the next claim.
      const free = isLapsed(job) || (job.state === 'waiting' && job.cancelRequest !== undefined)
      const strict = job.state === 'active' ? 'requested' : 'cancelled'
      expectOneOf(reply, free ? ['requested', 'cancelled'] : [strict], `the job is ${job.state}`)
      if (reply === 'requested') {
        job.cancelRequest ??= cancellation.error
        return
      }
      job.error = cancellation.error
      end(job, 'cancelled', cancellation.keep)
      follow(cancellation)
    },
    read(id, record) {
      const job = find(id)
      if (!job) return assert.ok(!record, `there is a record of ${record?.payload}, which is gone or never was`)
      assert.ok(record, `the ${job.state} job ${job.job.payload} is gone`)
      const shown = job.state === 'waiting' && job.due > now ? 'delayed' : job.state
      expectOneOf(record.state, isLapsed(job) ? ['active', 'waiting'] : [shown], `state of ${job.job.payload}`)
      const { queue, task, payload, meta, priority } = job.job
      const { deliveries, cancelRequest, progress, result, error } = job
      const fields = { queue, task, payload, meta, priority, deliveries, cancelRequest, progress, result, error }
      assert.deepEqual(pick(record, fields), fields, `the record of ${payload}`)
      const delay = record.dueAt - record.enqueuedAt
      if (deliveries === 0 && !job.putBack) assert.equal(delay, Math.max(0, job.job.delay), `the delay of ${payload}`)
      assert.equal(record.startedAt !== undefined, deliveries > 0, `startedAt is ${record.startedAt}`)
      assert.equal(record.finishedAt !== undefined, hasEnded(job), `finishedAt is ${record.finishedAt}`)
    },
    counted(queue, counts) {
      const here = all().filter(({ job }) => job.queue === queue)
      const lapsed = here.filter(isLapsed)
      const expected = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
      for (const { state, due } of here) expected[state === 'waiting' && due > now ? 'delayed' : state]++
      const found = counts.waiting - expected.waiting
      assert.ok(found >= 0 && found <= lapsed.length, `${counts.waiting} are waiting, expected ${expected.waiting}`)
      assert.deepEqual({ ...counts }, { ...expected, waiting: counts.waiting, active: expected.active - found })
    },
  }
}

/** Real servers need some time of their own. */
function isNear(ms: number | undefined, expected: number): boolean {
  return ms !== undefined && Math.abs(ms - expected) < step / 2
}

function expectOneOf(actual: string | undefined, allowed: readonly string[], why: string): void {
  assert.ok(
    actual !== undefined && allowed.includes(actual),
    `"${actual}" instead of "${allowed.join('" or "')}": ${why}`,
  )
}

function pick(from: object, like: object): object {
  return Object.fromEntries(Object.keys(like).map((key) => [key, (from as Record<string, unknown>)[key]]))
}
