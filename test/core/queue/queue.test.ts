import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import { TriportError } from '../../../core/errors.js'
import { derivedId } from '../../../core/ids.js'
import type { NewJob } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { chain } from '../../../core/workflow/chain.js'
import { memoryQueue, syncQueue } from '../../../drivers/memory/queue.js'
import { gate } from '../../kit/spy.js'
import { createProcess, createRunning } from './setup.js'

const echo = defineTask({ name: 'echo', run: (input: unknown) => input })
const typed = defineTask({ name: 'typed', input: z.object({ n: z.coerce.number() }), run: ({ n }) => n + 1 })

/** A driver that remembers the jobs of each enqueue call. */
function recording(): { batches: NewJob[][]; wrap(driver: QueueDriver): QueueDriver } {
  const batches: NewJob[][] = []
  return {
    batches,
    wrap: (driver) => ({
      ...driver,
      enqueue(jobs, options) {
        batches.push([...jobs])
        return driver.enqueue(jobs, options)
      },
    }),
  }
}

test('enqueue resolves with a job whose result can be awaited', async () => {
  const { queue } = await createRunning({ tasks: [echo] })
  const job = await queue.enqueue(echo, { text: 'hi' })
  assert.deepEqual(await job.result({ timeout: '1s' }), { text: 'hi' })
})

test('a task is named by itself or by its name, and delay is enqueue', async () => {
  const { queue } = await createRunning({ tasks: [typed] })
  const jobs = [
    await queue.enqueue(typed, { n: 1 }),
    await queue.enqueue('typed', { n: 2 }),
    await queue.delay('typed', { n: 3 }),
  ]
  assert.deepEqual(await Promise.all(jobs.map((job) => job.result({ timeout: '1s' }))), [2, 3, 4])
})

test('an unknown name is refused with a guess', async () => {
  const { queue } = await createProcess({ tasks: [echo] })
  await assert.rejects(queue.enqueue('ecko' as 'echo'), { code: 'ERR_TASK_UNKNOWN', message: /Did you mean "echo"/ })
})

test('input is validated at enqueue, stored as given, and run gets the output of the schema', async () => {
  const { batches, wrap } = recording()
  const { queue } = await createRunning({ tasks: [typed], wrap })
  await assert.rejects(queue.enqueue(typed, { n: 'x' }), { code: 'ERR_INPUT_INVALID', message: /n: / })
  const job = await queue.enqueue(typed, { n: '41' })
  assert.equal(batches[0]?.[0]?.payload, '{"n":"41"}')
  assert.equal(await job.result({ timeout: '1s' }), 42)
})

test('what the codec cannot carry and more than 1 MB is refused', async () => {
  const { queue } = await createProcess({ tasks: [echo] })
  await assert.rejects(queue.enqueue(echo, { deep: [() => {}] }), {
    code: 'ERR_VALUE_UNSUPPORTED',
    message: /\.deep\[0\]/,
  })
  await assert.rejects(queue.enqueue(echo, 'x'.repeat(1_000_001)), { code: 'ERR_PAYLOAD_TOO_LARGE' })
})

test('calls of one turn become one call of the driver, each with its own outcome', async () => {
  const { batches, wrap } = recording()
  const { queue } = await createProcess({ tasks: [echo], wrap })
  const jobs = await Promise.all([1, 2, 3].map((n) => queue.enqueue(echo, n)))
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [3],
  )
  assert.deepEqual(
    jobs.map(({ id }) => id),
    batches[0]?.map(({ id }) => id),
  )
})

test('what is wrong with one call does not reach the others of its turn', async () => {
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    async enqueue(jobs, options) {
      if (jobs.some(({ payload }) => payload === '"bad"')) throw new TriportError('ERR_UNSUPPORTED', 'bad')
      return driver.enqueue(jobs, options)
    },
  })
  const { queue } = await createProcess({ tasks: [echo], wrap })
  const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map((text) => queue.enqueue(echo, text)))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

test('a call with tx is never merged, and refused where there are no transactions', async () => {
  const { batches, wrap } = recording()
  const { queue } = await createProcess({ tasks: [echo], wrap })
  const [plain, enlisted] = await Promise.allSettled([queue.enqueue(echo, 1), queue.enqueue(echo, 2, { tx: {} })])
  assert.deepEqual(batches.map((batch) => batch.length).sort(), [1, 1])
  assert.equal(plain.status, 'fulfilled')
  assert.equal(enlisted.status === 'rejected' && enlisted.reason.code, 'ERR_UNSUPPORTED')
})

test('a producer does not wait longer than its deadline', async () => {
  const stuck = gate<never>()
  const { queue, clock } = await createProcess({
    tasks: [echo],
    wrap: (driver) => ({ ...driver, enqueue: () => stuck.promise }),
  })
  const enqueued = assert.rejects(queue.enqueue(echo, 1), { code: 'ERR_ENQUEUE_TIMEOUT', retryable: true })
  await clock.advance(5_000)
  await enqueued
  assert.equal(clock.timers, 0)
})

test('an id of the caller makes one job per queue and says so', async () => {
  const { queue } = await createRunning({ tasks: [echo] })
  const first = await queue.enqueue(echo, 1, { id: 'order-7' })
  const again = await queue.enqueue(echo, 2, { id: 'order-7' })
  assert.deepEqual([first.deduplicated, again.deduplicated], [false, true])
  assert.equal(first.id, again.id)
  assert.equal(first.id, derivedId('default', 'order-7'))
  assert.equal(await again.result({ timeout: '1s' }), 1)
  assert.equal((await again.status()).key, 'order-7')
})

test('delay and runAt keep a job waiting', async () => {
  const { queue, clock } = await createRunning({ tasks: [echo] })
  const later = await queue.enqueue(echo, 1, { delay: '10s' })
  const at = await queue.enqueue(echo, 2, { runAt: new Date(clock.now() + 20_000) })
  assert.equal((await later.status()).state, 'delayed')
  await clock.advance(10_000)
  assert.deepEqual([(await later.status()).state, (await at.status()).state], ['completed', 'delayed'])
  await clock.advance(10_000)
  assert.equal((await at.status()).state, 'completed')
})

test('higher priority runs first', async () => {
  const order: number[] = []
  const note = defineTask({ name: 'note', run: (n: number) => void order.push(n) })
  const { queue, worker, clock } = await createProcess({ tasks: [note] })
  for (const priority of [0, 5, -5]) await queue.enqueue(note, priority, { priority })
  await worker.start()
  await clock.settle()
  assert.deepEqual(order, [5, 0, -5])
})

const wrongOptions: [options: object, message: RegExp][] = [
  [{ delay: '1s', runAt: new Date() }, /delay and runAt/],
  [{ runAt: new Date(Number.NaN) }, /runAt/],
  [{ priority: 1.5 }, /priority is 1.5/],
  [{ id: '' }, /id is ""/],
  [{ maxRetries: -1 }, /maxRetries is -1/],
  [{ dely: '1s' }, /Did you mean "delay"/],
]
for (const [options, message] of wrongOptions) {
  test(`enqueue refuses ${JSON.stringify(options)}`, async () => {
    const { queue } = await createProcess({ tasks: [echo] })
    await assert.rejects(queue.enqueue(echo, 1, options), { code: 'ERR_OPTION_INVALID', message })
  })
}

test('enqueueMany answers each item by itself, in order', async () => {
  const { batches, wrap } = recording()
  const { queue } = await createRunning({ tasks: [echo, typed], wrap })
  const outcomes = await queue.enqueueMany([
    { task: echo, input: 1 },
    { task: typed, input: { n: 'x' } },
    { task: 'nobody' as 'echo', input: 1 },
    { task: 'typed', input: { n: 1 } },
  ])
  assert.deepEqual(
    outcomes.map(({ error }) => (error as { code?: string } | undefined)?.code),
    [undefined, 'ERR_INPUT_INVALID', 'ERR_TASK_UNKNOWN', undefined],
  )
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [2],
  )
  assert.equal(await outcomes[3]?.job?.result({ timeout: '1s' }), 2)
})

test('enqueueMany says that it takes a list, and no workflows', async () => {
  const { queue } = await createProcess({ tasks: [echo] })
  const [outcome] = await queue.enqueueMany([{ task: chain(echo) } as never])
  assert.match(String(outcome?.error), /enqueueMany takes no workflows/)
  await assert.rejects(queue.enqueueMany({ task: echo, input: 1 } as never), { code: 'ERR_OPTION_INVALID' })
})

test('the stack of an error names who called enqueue', async () => {
  const { queue } = await createProcess({ tasks: [typed] })
  async function signUp() {
    await queue.enqueue(typed, { n: 'x' })
  }
  const error = (await signUp().catch((error) => error)) as Error
  assert.match(error.stack ?? '', /at async signUp/)
})

test('enqueueMany cuts what is too much for one call', async () => {
  const { batches, wrap } = recording()
  const { queue } = await createProcess({ tasks: [echo], wrap })
  await queue.enqueueMany(Array.from({ length: 2_500 }, (_, input) => ({ task: echo, input })))
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [1_000, 1_000, 500],
  )
})

test('cancel ends a waiting job, says when it comes too late, and its waiters hear of it', async () => {
  const { queue, worker } = await createProcess({ tasks: [echo] })
  const job = await queue.enqueue(echo, 1)
  const result = assert.rejects(job.result({ timeout: '1s' }), {
    code: 'ERR_JOB_CANCELLED',
    message: /changed my mind/,
  })
  assert.equal(await job.cancel('changed my mind'), 'cancelled')
  await result
  assert.equal(await job.cancel(), 'finished')
  const other = await queue.enqueue(echo, 1)
  await worker.start()
  await other.result({ timeout: '1s' })
  assert.equal(await other.cancel(), 'finished')
})

test('closing rejects those who wait', async () => {
  const { queue, clock } = await createProcess({ tasks: [echo] })
  const job = await queue.enqueue(echo, 1)
  const result = assert.rejects(job.result({ timeout: '1m' }), { code: 'ERR_NOT_STARTED' })
  await clock.settle()
  await queue.close()
  await result
  assert.equal(clock.timers, 0)
})

test('sync: enqueue resolves when the job has ended, retries and delay included', async () => {
  const attempts: number[] = []
  const flaky = defineTask({
    name: 'flaky',
    run(_: unknown, { attempt }) {
      attempts.push(attempt)
      if (attempt < 3) throw new Error('again')
      return 'done'
    },
  })
  const { queue, clock } = await createRunning({ tasks: [flaky], driver: (store) => syncQueue({ store }) })
  const before = clock.now()
  const job = await queue.enqueue(flaky, {}, { delay: '1h' })
  assert.deepEqual([attempts, (await job.status()).state, clock.now() - before], [[1, 2, 3], 'completed', 0])
  assert.equal(await job.result({ timeout: '1s' }), 'done')
})

test('sync: jobs that enqueue jobs do not wait for each other', async () => {
  const nest = defineTask({
    name: 'nest',
    async run(depth: number, ctx): Promise<number> {
      if (depth === 0) return 0
      const job = await ctx.enqueue(nest as never, (depth - 1) as never)
      return Number(await job.result({ timeout: '1s' })) + 1
    },
  })
  const { queue } = await createRunning({
    tasks: [nest],
    driver: (store) => syncQueue({ store }),
    worker: { concurrency: 1 },
  })
  const job = await queue.enqueue(nest, 30)
  assert.equal((await job.status()).result, 30)
})

test('sync: without a worker enqueue says so, and a stop lets go of those who wait', async () => {
  const { queue, worker, clock } = await createProcess({ tasks: [echo], driver: (store) => syncQueue({ store }) })
  await assert.rejects(queue.enqueue(echo, 1), { code: 'ERR_UNSUPPORTED', message: /worker/ })
  await worker.start()
  await worker.stop()
  await assert.rejects(queue.enqueue(echo, 1), { code: 'ERR_UNSUPPORTED' })
  await clock.settle()
})

test('memory keeps a bounded number of ended jobs', async () => {
  const { queue, clock } = await createRunning({ tasks: [echo], driver: () => memoryQueue({ keepFinished: 10 }) })
  const jobs = await Promise.all(Array.from({ length: 20 }, (_, n) => queue.enqueue(echo, n)))
  await clock.settle()
  const states = await Promise.allSettled(jobs.map((job) => job.status()))
  assert.deepEqual(
    states.map(({ status }) => status),
    [...Array(10).fill('rejected'), ...Array(10).fill('fulfilled')],
  )
})
