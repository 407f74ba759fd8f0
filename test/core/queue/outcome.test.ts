import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeError } from '../../../core/codec.js'
import { FatalTaskError, TriportError } from '../../../core/errors.js'
import { backoffDelay, decideOutcome, type Ended } from '../../../core/queue/outcome.js'
import { defineTask } from '../../../core/queue/task.js'

const { policy } = defineTask({ name: 't', keepResult: '1m', keepFailed: '2m', run() {} })
const reason = new TriportError('ERR_TASK_TIMEOUT', 'too long')

function decide(changes: Partial<Ended>) {
  return decideOutcome({
    task: 't',
    ending: { ok: true, value: 1 },
    interruption: undefined,
    reason: undefined,
    deliveries: 1,
    maxRetries: 3,
    policy,
    random: 0.5,
    ...changes,
  })
}

function failing(error: unknown, changes: Partial<Ended> = {}) {
  return decide({ ending: { ok: false, error }, ...changes })
}

test('a result completes the job and is kept as long as the task says', () => {
  assert.deepEqual(decide({}), { type: 'completed', result: '1', keep: 60_000 })
  assert.deepEqual(decide({ ending: { ok: true, value: undefined } }), {
    type: 'completed',
    result: undefined,
    keep: 60_000,
  })
})

test('a result that cannot be stored ends the job without a retry', () => {
  const outcome = decide({ ending: { ok: true, value: { fn() {} } } })
  assert.equal(outcome.type, 'failed')
  assert.match(decodeError('error' in outcome ? outcome.error : '').message, /\.fn/)
  assert.equal(decide({ ending: { ok: true, value: 'x'.repeat(1_000_001) } }).type, 'failed')
})

test('an error is retried while retries are left, later and later', () => {
  const delays = [1, 2, 3].map((deliveries) => {
    const outcome = failing(new Error('e'), { deliveries })
    assert.equal(outcome.type, 'retry')
    return 'delay' in outcome ? outcome.delay : undefined
  })
  assert.deepEqual(delays, [1_000, 2_000, 4_000])
  assert.deepEqual(failing(new Error('e'), { deliveries: 4 }).type, 'failed')
  assert.equal(failing(new Error('e'), { maxRetries: 0 }).type, 'failed')
})

test('a failed job is kept longer than a result', () => {
  const outcome = failing(new Error('e'), { maxRetries: 0 })
  assert.equal('keep' in outcome && outcome.keep, 120_000)
})

test('the backoff never exceeds its maximum but by the jitter, and spreads to both sides', () => {
  const backoff = { delay: 1_000, factor: 2, max: 60_000, jitter: 0.2 }
  assert.equal(backoffDelay(backoff, 50, 0.5), 60_000)
  assert.equal(backoffDelay(backoff, 1, 0), 800)
  assert.equal(backoffDelay({ ...backoff, delay: 0 }, 2_000, 0.5), 0)
  assert.equal(backoffDelay(backoff, 1, 0.999_999), 1_200)
  assert.equal(backoffDelay({ ...backoff, jitter: 0 }, 2, 0.9), 2_000)
})

test('fatal errors and values that cannot pass end the job at once', () => {
  assert.equal(failing(new FatalTaskError('no')).type, 'failed')
  for (const code of [
    'ERR_INPUT_INVALID',
    'ERR_VALUE_UNSUPPORTED',
    'ERR_VALUE_MALFORMED',
    'ERR_PAYLOAD_TOO_LARGE',
  ] as const) {
    assert.equal(failing(new TriportError(code, 'no')).type, 'failed')
  }
  assert.equal(failing(new TriportError('ERR_JOB_FAILED', 'another job')).type, 'retry')
})

test('what is thrown may be anything', () => {
  for (const thrown of [undefined, null, 'text', 42, { any: 'thing' }]) assert.equal(failing(thrown).type, 'retry')
})

test('an attempt whose time was up has failed, whatever it returned or threw', () => {
  for (const ending of [
    { ok: true, value: 1 },
    { ok: false, error: new Error('aborted') },
  ] as const) {
    const outcome = decide({ ending, interruption: 'timeout', reason })
    assert.equal(outcome.type, 'retry')
    assert.equal(decodeError('error' in outcome ? outcome.error : '').message, 'too long')
  }
})

test('a cancelled attempt that throws is cancelled; one that returns has done its work', () => {
  const why = new TriportError('ERR_JOB_CANCELLED', 'cancelled')
  assert.equal(failing(new Error('aborted'), { interruption: 'cancelled', reason: why }).type, 'cancelled')
  assert.equal(decide({ interruption: 'cancelled', reason: why }).type, 'completed')
})

test('an attempt that a stop aborted goes back; one that returns has done its work', () => {
  const why = new TriportError('ERR_WORKER_STOPPING', 'stopping')
  assert.deepEqual(failing(new Error('aborted'), { interruption: 'stopping', reason: why }), {
    type: 'released',
    delay: 0,
  })
  assert.equal(decide({ interruption: 'stopping', reason: why }).type, 'completed')
})
