import assert from 'node:assert/strict'
import type { ClaimedJob } from '../../../../core/ports/job.js'
import type { ClaimReply, ClaimRequest } from '../../../../core/ports/queue.js'
import { isLapsed, lineOf, type ModelJob, mustPrecede } from './model-job.js'
import { step } from './plans.js'

/** A claim as the model sees it: the jobs of its queue as they are after it, and what it had to choose from. */
export interface ModelClaim {
  readonly request: ClaimRequest
  readonly reply: ClaimReply
  readonly now: number
  readonly paused: boolean
  readonly jobs: readonly ModelJob[]
  /** What waited and was due. */
  readonly ready: readonly ModelJob[]
  /** What was active with a lapsed lease. */
  readonly lapsed: readonly ModelJob[]
}

/** The bounds that hold whatever happens at the same time. */
export function expectBounds({ request, reply: { jobs: given }, now, paused, jobs }: ModelClaim): void {
  assert.ok(given.length <= request.max, `claim gave ${given.length} jobs, at most ${request.max} were asked for`)
  if (given.length === 0) return
  assert.ok(!paused, 'claim gave jobs of a paused queue')
  const live = countLive(jobs, now)
  const { concurrency = Number.POSITIVE_INFINITY } = request
  assert.ok(live <= concurrency, `${live} jobs of the queue are active, at most ${concurrency} may be`)
  for (const { id } of given) {
    const job = jobs.find((each) => each.job.id === id)
    if (job) expectGroupBound(job, jobs, now)
  }
}

export function expectGroupBound({ job: { group } }: ModelJob, jobs: readonly ModelJob[], now: number): void {
  if (!group) return
  const live = countLive(ofGroup(jobs, group.key), now)
  assert.ok(live <= group.limit, `${live} jobs of group ${group.key} are active, at most ${group.limit} may be`)
}

/** What a claim must give, and in which order, when no other runs at the same time. */
export function expectChoice(claim: ModelClaim): void {
  const { reply, paused } = claim
  if (!paused) expectEnough(claim)
  expectOrder(claim)
  expectTurns(claim)
  expectNextDue(claim, reply.nextDue)
}

/** A claim that comes back short has left nothing that may be given, and has found every lapsed lease. */
function expectEnough(claim: ModelClaim): void {
  const { request, reply, ready, lapsed, jobs, now } = claim
  if (reply.jobs.length === request.max || isFull(claim)) return
  const left = leftOf(claim, [...ready, ...lapsed]).filter((job) => !isGroupFull(job, jobs, now))
  assert.deepEqual(
    left.map(({ job }) => job.payload),
    [],
    'claim came back short and left jobs that may be given',
  )
}

function expectOrder(claim: ModelClaim): void {
  const { ready, lapsed, jobs, now } = claim
  const places = placesOf(claim.reply.jobs)
  const placeOf = ({ job }: ModelJob) => places.get(job.id) ?? Number.POSITIVE_INFINITY
  // While a lapsed lease is not found yet, its group may look full.
  const sure = ready.filter(({ job }) => !job.group || ofGroup(lapsed, job.group.key).length === 0)
  for (const first of sure) {
    const wrong = ready.find((other) => placeOf(other) < placeOf(first) && mustPrecede(first, other))
    if (!wrong) continue
    const passedOver = !places.has(first.job.id) && lineOf(first) !== lineOf(wrong) && isGroupFull(first, jobs, now)
    assert.ok(passedOver, `claim gave ${wrong.job.payload} sooner than ${first.job.payload}`)
  }
}

/** Within one claim, no line gives two jobs more than another one that has a job which may be given. */
function expectTurns(claim: ModelClaim): void {
  const { ready, lapsed, jobs } = claim
  const places = placesOf(claim.reply.jobs)
  const countGiven = (from: readonly ModelJob[], line: string) =>
    from.filter((job) => places.has(job.job.id) && lineOf(job) === line).length
  for (const waiting of leftOf(claim, ready)) {
    if (isGroupFull(waiting, jobs, Number.NEGATIVE_INFINITY)) continue
    const mine = countGiven([...ready, ...lapsed], lineOf(waiting))
    for (const other of ready.filter(({ job }) => job.priority === waiting.job.priority)) {
      const theirs = countGiven(ready, lineOf(other))
      assert.ok(
        theirs < mine + 2,
        `claim gave ${theirs} jobs of one line and ${mine} of that of ${waiting.job.payload}`,
      )
    }
  }
}

/** What is delayed in a full group or queue may be told or not: when it is due, it may not be given yet. */
function expectNextDue(claim: ModelClaim, nextDue: number | undefined): void {
  const { request, reply, paused, jobs, now } = claim
  const delayed = jobs.filter(({ state, due }) => state === 'waiting' && due > now)
  const given = reply.jobs.length
  const free = delayed.filter((job) => !isGroupFull(job, jobs, now))
  const known = [nearest(free, now), nearest(delayed, now), ...(isFull(claim) ? [undefined] : [])]
  const allowed = given === request.max || paused ? [undefined] : known
  assert.ok(
    allowed.some((ms) => isNear(nextDue, ms)),
    `nextDue is ${nextDue} after ${given} jobs, expected ${[...new Set(allowed)].join(' or ')}`,
  )
}

function nearest(jobs: readonly ModelJob[], now: number): number | undefined {
  return jobs.length > 0 ? Math.min(...jobs.map(({ due }) => due - now)) : undefined
}

/** Real servers need some time of their own. */
function isNear(actual: number | undefined, expected: number | undefined): boolean {
  if (actual === undefined || expected === undefined) return actual === expected
  return Math.abs(actual - expected) < step / 2
}

function leftOf({ reply }: ModelClaim, jobs: readonly ModelJob[]): ModelJob[] {
  const places = placesOf(reply.jobs)
  return jobs.filter(({ job }) => !places.has(job.id))
}

function placesOf(given: readonly ClaimedJob[]): Map<string, number> {
  return new Map(given.map(({ id }, place) => [id, place]))
}

function ofGroup(jobs: readonly ModelJob[], key: string): ModelJob[] {
  return jobs.filter(({ job }) => job.group?.key === key)
}

function isFull({ request, jobs, now }: ModelClaim): boolean {
  return request.concurrency !== undefined && countLive(jobs, now) >= request.concurrency
}

/** @param now Leases that have lapsed by then leave their places. */
function isGroupFull({ job: { group } }: ModelJob, jobs: readonly ModelJob[], now: number): boolean {
  return group !== undefined && countLive(ofGroup(jobs, group.key), now) >= group.limit
}

function countLive(jobs: readonly ModelJob[], now: number): number {
  return jobs.filter((job) => job.state === 'active' && !isLapsed(job, now)).length
}
