import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeError } from '../../../core/codec.js'
import { TriportError } from '../../../core/errors.js'
import { type DeadReason, decideOutcome, type EndedAttempt } from '../../../core/queue/outcome.js'
import { defineTask } from '../../../core/queue/task.js'
import { FatalTaskError, RetryTaskError } from '../../../core/queue/task-errors.js'

const { policy } = defineTask({ name: 't', keepResult: '1m', keepFailed: '2m', run() {} })
const reason = new TriportError('ERR_TASK_TIMEOUT', 'too long')

function decide(changes: Partial<EndedAttempt>) {
  return decideOutcome({
    task: 't',
    ending: { ok: true, value: 1 },
    interruption: undefined,
    reason: undefined,
    begun: true,
    deliveries: 1,
    maxRetries: 3,
    backoff: policy.backoff,
    left: Number.POSITIVE_INFINITY,
    retryOn: undefined,
    policy,
    random: 0.5,
    ...changes,
  })
}

function failing(error: unknown, changes: Partial<EndedAttempt> = {}) {
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
    for (const [interruption, type] of [
      ['timeout', 'retry'],
      ['deadline', 'failed'],
    ] as const) {
      const outcome = decide({ ending, interruption, reason })
      assert.equal(outcome.type, type)
      assert.equal(decodeError('error' in outcome ? outcome.error : '').message, 'too long')
    }
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

const invalid = new TriportError('ERR_INPUT_INVALID', 'wrong')
const refuses = () => false
const asks = (delay: `${number}s`) => new RetryTaskError('later', { delay })

/** The first attempt would be repeated after 1 s, unless the changes say otherwise. */
const failures: readonly [
  claim: string,
  error: unknown,
  changes: Partial<EndedAttempt>,
  expected: DeadReason | number,
][] = [
  ['an error is repeated', new Error('e'), {}, 1_000],
  ['a job may have a backoff of its own', new Error('e'), { backoff: { ...policy.backoff, delay: 7_000 } }, 7_000],
  ['the last retry was used up', new Error('e'), { deliveries: 4 }, 'exhausted'],
  ['input that does not fit the schema', invalid, { begun: false }, 'invalid'],
  ['the same code out of the code of the task', invalid, {}, 'fatal'],
  ['a schema that throws is repeated', new Error('e'), { begun: false }, 1_000],
  ['a fatal error', new FatalTaskError('no'), {}, 'fatal'],
  ['a fatal error counts before the retries that are left', new FatalTaskError('no'), { deliveries: 4 }, 'fatal'],
  ['an error that retryOn refuses', new Error('e'), { retryOn: refuses }, 'fatal'],
  ['a timeout that retryOn refuses', new Error('e'), { retryOn: refuses, interruption: 'timeout', reason }, 'fatal'],
  ['an error that retryOn takes', new Error('e'), { retryOn: () => true }, 1_000],
  ['retryOn brings back no fatal error', new FatalTaskError('no'), { retryOn: () => true }, 'fatal'],
  ['an error with a delay of its own', asks('90s'), {}, 90_000],
  ['an error with a delay of its own counts as an attempt', asks('90s'), { deliveries: 4 }, 'exhausted'],
  ['an error with a delay of its own does not ask retryOn', asks('0s'), { retryOn: refuses }, 0],
  ['a retry that starts before the deadline', new Error('e'), { left: 1_001 }, 1_000],
  ['a retry that would start at the deadline', new Error('e'), { left: 1_000 }, 'deadline'],
  ['a delay of its own past the deadline', asks('90s'), { left: 60_000 }, 'deadline'],
  ['retries that are used up count before the deadline', new Error('e'), { deliveries: 4, left: 1 }, 'exhausted'],
  ['the deadline itself', new Error('e'), { interruption: 'deadline', reason }, 'deadline'],
]
for (const [claim, error, changes, expected] of failures) {
  test(`${claim}: ${typeof expected === 'number' ? `again after ${expected} ms` : expected}`, () => {
    const outcome = failing(error, changes)
    if (typeof expected === 'number') assert.equal(outcome.type === 'retry' && outcome.delay, expected)
    else assert.equal(outcome.type === 'failed' && outcome.reason, expected)
  })
}

test('errors of another copy of the package are known by their names', () => {
  const foreign = (name: string, more: object = {}) => Object.assign(new Error('e'), { name }, more)
  const fatal = failing(foreign('FatalTaskError'))
  assert.equal(fatal.type === 'failed' && fatal.reason, 'fatal')
  const asked = failing(foreign('RetryTaskError', { delay: 5_000 }))
  assert.equal(asked.type === 'retry' && asked.delay, 5_000)
  const senseless = failing(foreign('RetryTaskError', { delay: 'soon' }))
  assert.equal(senseless.type === 'retry' && senseless.delay, 1_000)
})
