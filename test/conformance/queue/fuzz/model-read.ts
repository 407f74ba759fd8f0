import assert from 'node:assert/strict'
import type { JobRecord, JobState, QueueCounts } from '../../../../core/ports/job.js'
import { hasEnded, isLapsed, type ModelJob } from './model-job.js'

/** A record must say what the model knows of its job. */
export function expectRecord(job: ModelJob, record: JobRecord, now: number): void {
  const allowed = isLapsed(job, now) ? ['active', 'waiting'] : [shown(job, now)]
  expectOneOf(record.state, allowed, `state of ${job.job.payload}`)
  const { queue, task, payload, meta, priority } = job.job
  const { deliveries, cancelRequest, progress, result, error, reason } = job
  const fields = { queue, task, payload, meta, priority, deliveries, cancelRequest, progress, result, error, reason }
  expectFields(record, fields, `the record of ${payload}`)
  assert.equal(record.failures.length, job.failures.length, `how many failures ${payload} has`)
  for (const [place, failure] of job.failures.entries()) {
    expectFields(record.failures[place] ?? {}, failure, `a failure of ${payload}`)
  }
  const isNew = deliveries === 0 && !job.putBack && !job.hurried
  if (isNew) assert.equal(record.dueAt - record.enqueuedAt, Math.max(0, job.job.delay), `the delay of ${payload}`)
  assert.equal(record.startedAt !== undefined, deliveries > 0, `startedAt is ${record.startedAt}`)
  assert.equal(record.finishedAt !== undefined, hasEnded(job), `finishedAt is ${record.finishedAt}`)
}

/** @param jobs Those of the queue. */
export function expectCounts(jobs: readonly ModelJob[], counts: QueueCounts, now: number): void {
  const lapsed = jobs.filter((job) => isLapsed(job, now))
  const expected = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
  for (const job of jobs) expected[shown(job, now)]++
  const found = counts.waiting - expected.waiting
  assert.ok(found >= 0 && found <= lapsed.length, `${counts.waiting} are waiting, expected ${expected.waiting}`)
  assert.deepEqual({ ...counts }, { ...expected, waiting: counts.waiting, active: expected.active - found })
}

/**
 * A list must have every job in this state, once, and those that have ended in the order in which they did, the newest first.
 *
 * @param jobs Those of the queue.
 */
export function expectList(jobs: readonly ModelJob[], state: JobState, ids: readonly string[], now: number): void {
  assert.equal(new Set(ids).size, ids.length, `the ${state} jobs have one twice`)
  const listed = ids.map((id) => jobs.find(({ job }) => job.id === id))
  for (const [place, job] of listed.entries()) {
    assert.ok(job, `the ${state} jobs have one that is gone or never was`)
    const maybe = isLapsed(job, now) && (state === 'waiting' || state === 'active')
    assert.ok(maybe || shown(job, now) === state, `the ${state} jobs have ${job.job.payload}`)
    const before = listed[place - 1]
    assert.ok(!hasEnded(job) || !before || before.endedAt >= job.endedAt, `the ${state} jobs are not in order`)
  }
  for (const job of jobs) {
    const missing = shown(job, now) === state && !isLapsed(job, now) && !listed.includes(job)
    assert.ok(!missing, `the ${state} jobs lack ${job.job.payload}`)
  }
}

function shown({ state, due }: ModelJob, now: number): JobState {
  return state === 'waiting' && due > now ? 'delayed' : state
}

export function expectOneOf(actual: string | undefined, allowed: readonly string[], why: string): void {
  assert.ok(
    actual !== undefined && allowed.includes(actual),
    `"${actual}" instead of "${allowed.join('" or "')}": ${why}`,
  )
}

/** Every field of `fields` must be the same in `actual`, which may have more. */
export function expectFields(actual: object, fields: object, what: string): void {
  const found = actual as Readonly<Record<string, unknown>>
  for (const [name, value] of Object.entries(fields)) {
    // Thousands of fields are compared in each scenario.
    if (found[name] !== value) assert.deepEqual({ [name]: found[name] }, { [name]: value }, what)
  }
}
