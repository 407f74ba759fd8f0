import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeError, encode } from '../../../core/codec.js'
import type { ClaimedJob } from '../../../core/ports/job.js'
import { judge, judgeUnknown } from '../../../core/queue/judge.js'
import type { JobMeta } from '../../../core/queue/meta.js'
import { defineTask } from '../../../core/queue/task.js'

const claimed: ClaimedJob = {
  queue: 'q',
  id: 'id',
  token: 't',
  task: 'task',
  payload: '7',
  meta: '{}',
  priority: 0,
  deliveries: 1,
  enqueuedAt: 1_000,
  firstDueAt: 10_000,
  dueAt: 10_000,
  claimedAt: 10_000,
}
const bounded = defineTask({ name: 'task', maxRetries: 2, expiresIn: '5s', deadline: '60s', run() {} })
const unbounded = defineTask({ name: 'task', maxRetries: 2, run() {} })
const request = encode(new Error('enough'), { what: 'Error' })

/** What becomes of a job of `bounded`: how much time is left, or why it does not run. */
const cases: readonly [claim: string, changes: Partial<ClaimedJob>, expected: number | string, meta?: JobMeta][] = [
  ['a job in time runs', {}, 60_000],
  ['what the job waited is taken off its deadline', { claimedAt: 14_000 }, 56_000],
  ['a delay does not count', { enqueuedAt: -1e6 }, 60_000],
  ['a first attempt at the moment of expiry runs', { claimedAt: 15_000 }, 55_000],
  ['a first attempt after it does not', { claimedAt: 15_001 }, 'expired'],
  ['being put back does not prolong it', { claimedAt: 15_001, dueAt: 15_000 }, 'expired'],
  ['a retry does not expire', { deliveries: 2, claimedAt: 30_000, dueAt: 20_000 }, 40_000],
  ['a job may expire sooner than its task says', { claimedAt: 12_000 }, 'expired', { expiresIn: 1_000 }],
  ['a job may expire later than its task says', { claimedAt: 18_000 }, 52_000, { expiresIn: 9_000 }],
  ['a retry before the deadline runs', { deliveries: 2, claimedAt: 69_999 }, 1],
  ['a retry at the deadline does not', { deliveries: 2, claimedAt: 70_000 }, 'deadline'],
  ['a job may have another deadline', { deliveries: 2, claimedAt: 70_000 }, 20_000, { deadline: 80_000 }],
  ['a job that was never begun has expired', { claimedAt: 99_000 }, 'expired'],
  ['one without expiry has missed its deadline', { claimedAt: 99_000 }, 'deadline', { expiresIn: 1e9 }],
  ['the last attempt runs', { deliveries: 3 }, 60_000],
  ['one more has ended its workers', { deliveries: 4 }, 'crashed'],
  ['a job may have more attempts than its task says', { deliveries: 4 }, 60_000, { maxRetries: 3 }],
  ['that counts before time', { deliveries: 4, claimedAt: 1e6 }, 'crashed'],
  ['a request to cancel counts before all else', { deliveries: 4, cancelRequest: request }, 'cancelled'],
  ['a payload that cannot be read', { payload: '{' }, 'invalid'],
]
for (const [claim, changes, expected, meta = {}] of cases) {
  test(`${claim}: ${typeof expected === 'number' ? `${expected} ms left` : expected}`, () => {
    const judgement = judge({ ...claimed, ...changes }, bounded, meta)
    if (judgement.run) return assert.deepEqual([judgement.left, judgement.input], [expected, 7])
    const { outcome } = judgement
    assert.equal(outcome.type === 'failed' ? outcome.reason : outcome.type, expected)
  })
}

test('without expiry and deadline a job has all the time', () => {
  const judgement = judge({ ...claimed, claimedAt: 1e12 }, unbounded, {})
  assert.equal(judgement.run && judgement.left, Number.POSITIVE_INFINITY)
})

test('a dead letter is kept like a failure and says what was exceeded', () => {
  for (const [changes, code] of [
    [{ claimedAt: 15_001 }, 'ERR_JOB_EXPIRED'],
    [{ claimedAt: 70_000, deliveries: 2 }, 'ERR_JOB_DEADLINE'],
    [{ deliveries: 4 }, 'ERR_JOB_CRASHED'],
    [{ payload: '{' }, 'ERR_VALUE_MALFORMED'],
  ] as const) {
    const judgement = judge({ ...claimed, ...changes }, bounded, {})
    const outcome = judgement.run ? undefined : judgement.outcome
    assert.ok(outcome?.type === 'failed')
    assert.equal(outcome.keep, bounded.policy.keepFailed)
    assert.equal((decodeError(outcome.error) as { code?: string }).code, code)
  }
})

test('a job of an unknown task goes back and does not fail', () => {
  assert.deepEqual(judgeUnknown(claimed).outcome, { type: 'released', delay: 5_000 })
})
