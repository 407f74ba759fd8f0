import assert from 'node:assert/strict'
import test from 'node:test'
import { createDeadlines, type Deadline } from '../../../core/queue/deadlines.js'
import { defineTask, taskRegistry } from '../../../core/queue/task.js'
import { problemsOfWorker } from '../../../core/queue/worker-options.js'
import { createFakeClock } from '../../kit/clock.js'

test('a task has the stated defaults', () => {
  const { queue, policy } = defineTask({ name: 'plain', run() {} })
  assert.equal(queue, 'default')
  assert.deepEqual(policy, {
    timeout: 300_000,
    grace: 10_000,
    deadline: Number.POSITIVE_INFINITY,
    expiresIn: Number.POSITIVE_INFINITY,
    maxRetries: 3,
    backoff: { delay: 1_000, factor: 2, max: 60_000, jitter: 0.2 },
    retryOn: undefined,
    keepResult: 3_600_000,
    keepFailed: 604_800_000,
    trace: 'auto',
  })
})

test('every problem of a definition is told at once', () => {
  const wrong = {
    name: '',
    queue: 'a b',
    timeout: 30,
    grace: '1 hour',
    deadline: '0s',
    expiresIn: 60,
    maxRetries: 1.5,
    backoff: { factor: 0.5, jitter: 2, delay: 'x' },
    retryOn: [42],
    concurrency: { limit: 0, key: 'tenant' },
    room: 'workflow:1',
    input: {},
  }
  assert.throws(
    () => defineTask(wrong as never),
    (error: { code: string; details: { problems: string[] } }) => {
      const about = error.details.problems.map((problem) => problem.split(' ')[0])
      assert.equal(error.code, 'ERR_TASK_INVALID')
      assert.deepEqual(about.sort(), [
        'backoff.delay',
        'backoff.factor',
        'backoff.jitter',
        'concurrency.key',
        'concurrency.limit',
        'deadline',
        'expiresIn',
        'grace',
        'input',
        'maxRetries',
        'name',
        'queue',
        'retryOn',
        'room',
        'run',
        'timeout',
      ])
      return true
    },
  )
})

test('run keeps its own object as this', () => {
  const task = defineTask({
    name: 'self',
    run(this: { name: string }) {
      return this.name
    },
  } as never)
  assert.equal(task.run(undefined as never, {} as never), 'self')
})

test('a registry refuses two tasks of one name and lists each queue once', () => {
  const one = defineTask({ name: 'one', run() {} })
  const two = defineTask({ name: 'two', run() {} })
  assert.deepEqual(taskRegistry([one, two]).queues, ['default'])
  assert.throws(() => taskRegistry([one, two, one]), { code: 'ERR_TASK_INVALID', message: /"one"/ })
})

test('the options of a worker are checked', () => {
  assert.deepEqual(problemsOfWorker(undefined), [])
  assert.deepEqual(problemsOfWorker({ concurrency: 5, lease: '30s', poll: '500ms', stopTimeout: '0s' }), [])
  assert.equal(problemsOfWorker({ concurrency: 0 }).length, 1)
  assert.equal(problemsOfWorker({ lease: '10ms', poll: '2s' }).length, 2)
  assert.match(problemsOfWorker({ concurency: 5 } as never)[0] ?? '', /Did you mean "concurrency"/)
  assert.match(problemsOfWorker({ lease: 30 } as never)[0] ?? '', /bare number/)
})

test('any number of deadlines need one timer, and each falls due once at its time', async () => {
  const clock = createFakeClock()
  const deadlines = createDeadlines(clock)
  const due: number[] = []
  const all = Array.from({ length: 1_000 }, (_, n): Deadline => ({ at: (n * 7) % 1_000, due: () => due.push(n) }))
  for (const deadline of all) deadlines.add(deadline)
  for (const [n, deadline] of all.entries()) if (n % 2) deadlines.delete(deadline)
  assert.equal(clock.timers, 1)
  await clock.advance(499)
  assert.equal(due.length, 250)
  await clock.advance(1_000)
  assert.deepEqual(
    due.toSorted((a, b) => a - b),
    Array.from({ length: 500 }, (_, n) => n * 2),
  )
  assert.equal(clock.timers, 0)
})

test('a misspelt option is refused, with a guess at what was meant', () => {
  assert.throws(() => defineTask({ name: 'x', maxRetrys: 5, inptu: 1, run() {} } as never), {
    code: 'ERR_TASK_INVALID',
    message: /"maxRetrys"\. Did you mean "maxRetries"\?[\s\S]*"inptu"\. Did you mean "input"\?/,
  })
  assert.throws(() => defineTask({ name: 'x', backoff: { facotr: 1 }, concurrency: { limt: 1 }, run() {} } as never), {
    message: /"facotr"\. Did you mean "factor"\?[\s\S]*"limt"\. Did you mean "limit"\?/,
  })
})

test('what is no definition is refused', () => {
  const define = defineTask as (...args: readonly unknown[]) => unknown
  for (const wrong of ['mail', () => 1, undefined]) {
    assert.throws(() => define(wrong, () => 1), {
      code: 'ERR_TASK_INVALID',
      message: /Pass an object: \{ name, run \}/,
    })
  }
})

test('a class as retryOn is refused: it belongs in a list', () => {
  assert.throws(() => defineTask({ name: 'x', retryOn: TypeError as never, run() {} }), { message: /\[TypeError\]/ })
})
