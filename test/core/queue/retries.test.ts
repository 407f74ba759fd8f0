import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import { backoffDelay } from '../../../core/queue/backoff.js'
import { type RetryOn, retryTest } from '../../../core/queue/retry-on.js'
import { defineTask } from '../../../core/queue/task.js'
import { RetryTaskError } from '../../../core/queue/task-errors.js'
import { createRunning } from './setup.js'
import { quick } from './tasks.js'

test('the backoff never exceeds its maximum but by the jitter, and spreads to both sides', () => {
  const backoff = { delay: 1_000, factor: 2, max: 60_000, jitter: 0.2 }
  assert.equal(backoffDelay(backoff, 50, 0.5), 60_000)
  assert.equal(backoffDelay(backoff, 1, 0), 800)
  assert.equal(backoffDelay({ ...backoff, delay: 0 }, 2_000, 0.5), 0)
  assert.equal(backoffDelay(backoff, 1, 0.999_999), 1_200)
  assert.equal(backoffDelay({ ...backoff, jitter: 0 }, 2, 0.9), 2_000)
})

class HttpError extends Error {}
class NotFound extends HttpError {}
const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
const aborted = new DOMException('stop', 'AbortError')

const lists: readonly [retryOn: RetryOn, error: unknown, expected: boolean][] = [
  [[HttpError], new HttpError(), true],
  [[HttpError], new NotFound(), true],
  [[NotFound], new HttpError(), false],
  [['ECONNRESET'], reset, true],
  [['ECONNREFUSED', HttpError], reset, false],
  [['AbortError'], aborted, true],
  [['ERR_TASK_TIMEOUT'], new TriportError('ERR_TASK_TIMEOUT', 'late'), true],
  [[], new Error('e'), false],
  [(error) => error === reset, reset, true],
]
for (const [retryOn, error, expected] of lists) {
  const kinds =
    typeof retryOn === 'function' ? 'a function' : retryOn.map((kind) => (typeof kind === 'string' ? kind : kind.name))
  test(`retryOn ${kinds} says ${expected} of ${error}`, () => assert.equal(retryTest(retryOn)(error), expected))
}

test('an error that retryOn does not list ends its job at once', async () => {
  const fetching = defineTask({ name: 'fetch', backoff: quick, retryOn: ['ECONNRESET'], run: fails([reset, aborted]) })
  const { queue, clock, driver } = await createRunning({ tasks: [fetching] })
  const job = await queue.enqueue(fetching)
  await clock.advance(10_000)
  const [record] = await driver.get([job.id])
  assert.deepEqual([record?.state, record?.reason, record?.deliveries], ['failed', 'fatal', 2])
})

test('a retryOn that throws is reported, and the attempt is repeated', async () => {
  const retryOn = () => {
    throw new Error('cannot decide')
  }
  const fetching = defineTask({ name: 'fetch', backoff: quick, retryOn, run: fails([reset]) })
  const { queue, clock, report } = await createRunning({ tasks: [fetching] })
  const job = await queue.enqueue(fetching)
  await clock.advance(10_000)
  assert.equal((await job.status()).state, 'completed')
  assert.deepEqual(report.stages(), ['task.retryOn', 'task.run'])
})

test('an error may say itself when to try again, and counts as an attempt', async () => {
  const limited = new RetryTaskError('429', { delay: '30s', cause: reset })
  const polite = defineTask({ name: 'polite', maxRetries: 1, backoff: quick, run: fails([limited, limited]) })
  const { queue, clock } = await createRunning({ tasks: [polite] })
  const job = await queue.enqueue(polite)
  await clock.advance(29_999)
  assert.deepEqual(await stateOf(job), ['delayed', 1])
  await clock.advance(1)
  assert.deepEqual(await stateOf(job), ['failed', 2])
})

test('a delay without a unit is refused where it is written', () => {
  assert.throws(() => new RetryTaskError('429', { delay: 30 as never }), { code: 'ERR_DURATION_INVALID' })
})

async function stateOf(job: { status(): Promise<{ state: string; attempts: number }> }) {
  const { state, attempts } = await job.status()
  return [state, attempts]
}

/** Code that throws one error per attempt and then succeeds. */
function fails(errors: readonly unknown[]) {
  let attempts = 0
  return () => {
    if (attempts < errors.length) throw errors[attempts++]
  }
}
