import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import type { ProgressUpdate, QueueDriver } from '../../../core/ports/queue.js'
import { defineTask, type TaskContext } from '../../../core/queue/task.js'
import { gate } from '../../kit/spy.js'
import { createRunning } from './setup.js'
import { held } from './tasks.js'

const never = new Promise<never>(() => {})

/** A task that says something and ends. */
function talking(say: (ctx: TaskContext) => unknown, maxRetries = 0) {
  return defineTask({
    name: 'talking',
    maxRetries,
    backoff: { delay: '1s', jitter: 0 },
    run: (_: unknown, ctx) => say(ctx),
  })
}

/** A driver that remembers what `progress` was called with. */
function recording() {
  const calls: ProgressUpdate[][] = []
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    progress(updates) {
      calls.push([...updates])
      return driver.progress(updates)
    },
  })
  return { calls, wrap }
}

test('lines of the log have time, attempt, message and data, and stay when the job has ended', async () => {
  const task = talking(({ log, attempt }) => {
    log('begun', { size: 3n })
    if (attempt === 1) throw new Error('no')
  }, 1)
  const { queue, clock } = await createRunning({ tasks: [task] })
  const begun = clock.now()
  const job = await queue.enqueue(task)
  assert.deepEqual(await job.log(), [])
  await clock.advance(1_000)
  assert.deepEqual(await job.log(), [
    { at: new Date(begun), attempt: 1, message: 'begun', data: { size: 3n } },
    { at: new Date(begun + 1_000), attempt: 2, message: 'begun', data: { size: 3n } },
  ])
})

for (const [how, end] of [
  ['returns', () => 'done'],
  ['throws', () => Promise.reject(new Error('no'))],
] as const) {
  test(`what a task logs right before it ${how} is stored`, async () => {
    const task = talking(({ log }) => {
      log('last words')
      return end()
    })
    const { queue, clock, report } = await createRunning({ tasks: [task] })
    const job = await queue.enqueue(task)
    await clock.settle()
    assert.deepEqual(
      (await job.log()).map(({ message }) => message),
      ['last words'],
    )
    assert.equal(report.stages().includes('worker.settle'), false)
  })
}

test('lines and progress of one turn are one call of the driver, those of several jobs too', async () => {
  const { calls, wrap } = recording()
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task], wrap })
  await Promise.all([queue.enqueue(task, 1), queue.enqueue(task, 2)])
  await clock.settle()
  for (const { ctx } of started) {
    ctx.log('one')
    void ctx.progress(10)
    ctx.log('two')
    void ctx.progress(20)
  }
  await clock.settle()
  assert.deepEqual(
    calls.map((updates) => updates.map(({ value, log }) => [value, log?.length])),
    [
      [
        ['{"percent":20}', 2],
        ['{"percent":20}', 2],
      ],
    ],
  )
})

test('the newest 100 lines are kept, also of a burst', async () => {
  const { calls, wrap } = recording()
  const task = talking(({ log }) => {
    for (let n = 0; n < 250; n++) log(`line ${n}`)
  })
  const { queue, clock } = await createRunning({ tasks: [task], wrap })
  const job = await queue.enqueue(task)
  await clock.settle()
  const lines = await job.log()
  assert.deepEqual([lines.length, lines[0]?.message, lines.at(-1)?.message], [100, 'line 150', 'line 249'])
  assert.equal(calls[0]?.[0]?.log?.length, 100)
})

test('long messages and long data are cut with a mark, never inside of a character', async () => {
  const task = talking(({ log }) => {
    log(`${'x'.repeat(1_999)}😀`, { text: 'y'.repeat(3_000) })
    log('x'.repeat(2_000), { text: 'short' })
  })
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task)
  await clock.settle()
  const [long, fitting] = await job.log()
  assert.equal(long?.message, `${'x'.repeat(1_999)}… (2001 characters)`)
  assert.match(String(long?.data), /^\{"text":"y{1991}… \(3011 characters\)$/)
  assert.deepEqual([fitting?.message.length, fitting?.data], [2_000, { text: 'short' }])
})

test('log never throws into the task', async () => {
  const task = talking(({ log }) => {
    log('a function', { fn() {} })
    log(new RangeError('an error') as never)
    log(Object.create(null) as never)
    return 'done'
  })
  const { queue } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task)
  assert.equal(await job.result({ timeout: '1s' }), 'done')
  const [first, second, third] = await job.log()
  assert.match(String(first?.data), /holds a function at \.fn/)
  assert.deepEqual([second?.message, typeof third?.message], ['an error', 'string'])
})

test('a lost lease is noticed by a line of the log', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({ ...driver, progress: async (updates) => updates.map(() => 'lost') }),
  })
  await queue.enqueue(task, 1)
  await clock.settle()
  const signal = started[0]?.ctx.signal
  started[0]?.ctx.log('still here')
  await clock.settle()
  assert.equal(signal?.reason.code, 'ERR_LEASE_LOST')
})

test('a log that cannot be stored is reported, and its job ends as ever', async () => {
  const task = talking(({ log }) => log('unheard'))
  const { queue, clock, report } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({ ...driver, progress: () => never }),
  })
  const job = await queue.enqueue(task)
  await clock.advance(15_000)
  const stages = ['worker.progress', 'worker.progress']
  assert.deepEqual([(await job.status()).state, report.stages()], ['completed', stages])
})

test('a worker that stops stores what its last jobs have logged, and then their ends', async () => {
  const stored = gate()
  const { task, started } = held()
  const { queue, clock, worker } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async progress(updates) {
        await stored.promise
        return driver.progress(updates)
      },
    }),
  })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  const stopped = worker.stop()
  started[0]?.ctx.log('last words')
  started[0]?.gate.open('done')
  await clock.settle()
  stored.open()
  await stopped
  assert.deepEqual([(await job.status()).state, (await job.log()).length], ['completed', 1])
})

test('what could not be stored while the backend was away goes with the next call, and no more than the log keeps', async () => {
  const { task, started } = held()
  let away = true
  const { queue, clock, report } = await createRunning({ tasks: [task], wrap: failing(() => away) })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  const { ctx } = started[0] ?? assert.fail()
  void ctx.progress(30)
  for (let n = 0; n < 120; n++) ctx.log(`early ${n}`)
  await clock.settle()
  ctx.log('later')
  await clock.settle()
  assert.deepEqual(report.stages(), ['worker.progress', 'worker.progress'])
  away = false
  ctx.log('last')
  await clock.settle()
  const messages = (await job.log()).map(({ message }) => message)
  assert.deepEqual(
    [messages.length, messages.at(0), messages.at(-2), messages.at(-1)],
    [100, 'early 22', 'later', 'last'],
  )
  assert.deepEqual(await job.progress(), { percent: 30 })
})

for (const failures of [1, 2]) {
  test(`a job that ends while ${failures} call(s) for its log fail waits for the second one, and no longer`, async () => {
    let left = failures
    const { wrap, calls } = recording()
    const task = talking(({ log }) => log('last words'))
    const { queue, clock } = await createRunning({
      tasks: [task],
      wrap: (driver) => failing(() => left-- > 0)(wrap(driver)),
    })
    const job = await queue.enqueue(task)
    await clock.settle()
    assert.equal((await job.status()).state, 'completed')
    assert.equal((await job.log()).length, failures === 1 ? 1 : 0)
    await queue.enqueue(task)
    await clock.settle()
    assert.deepEqual(
      calls.map((updates) => updates.length),
      failures === 1 ? [1, 1] : [1],
      'nothing is left of the one before',
    )
  })
}

test('lines that the backend refuses for good are not sent again', async () => {
  const { task, started } = held()
  const sent: number[] = []
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async progress(updates) {
        sent.push(updates[0]?.log?.length ?? 0)
        throw new TypeError('no such text')
      },
    }),
  })
  await queue.enqueue(task, 1)
  await clock.settle()
  for (const line of ['one', 'two']) {
    started[0]?.ctx.log(line)
    await clock.settle()
  }
  assert.deepEqual(sent, [1, 1])
})

/** A driver that is away for `progress`, as long as `away` says so. */
function failing(away: () => boolean): (driver: QueueDriver) => QueueDriver {
  return (driver) => ({
    ...driver,
    async progress(updates) {
      if (away()) throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')
      return driver.progress(updates)
    },
  })
}
