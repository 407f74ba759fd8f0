import assert from 'node:assert/strict'
import test from 'node:test'
import { getRooms, getTaskQueue, getTracer } from '../../../core/current.js'
import { isTriportError } from '../../../core/errors.js'
import { chain, step } from '../../../core/index.js'
import { defineTask, type TaskContext } from '../../../core/queue/task.js'
import { gate } from '../../kit/spy.js'
import { apart } from './fake-isolator.js'
import { heldApart, running } from './setup.js'

const wait = { timeout: '1s' } as const
const once = { ...apart, maxRetries: 0 } as const

test('an isolated task knows its job, and may take its context apart', async () => {
  const who = defineTask({
    name: 'who',
    ...once,
    run: (_: unknown, { jobId, key, attempt, signal }) => ({ jobId, key, attempt, aborted: signal.aborted }),
  })
  const { queue } = await running({ tasks: [who] })
  const job = await queue.enqueue(who, 1, { id: 'mine' })
  assert.deepEqual(await job.result(wait), { jobId: job.id, key: 'mine', attempt: 1, aborted: false })
})

test('progress and log of an isolated task are stored and told in order, and what is wrong with them is said', async () => {
  const report = defineTask({
    name: 'report',
    ...once,
    room: () => 'workflow:7',
    async run(_: unknown, { progress, log }) {
      log('begun', { at: new Date(0) })
      log('odd', () => {})
      void progress(10)
      await progress(50, { step: 'half' })
      await assert.rejects(progress(101), (error) => isTriportError(error, 'ERR_OPTION_INVALID'))
      await assert.rejects(progress(60, { fn() {} }), { code: 'ERR_VALUE_UNSUPPORTED' })
      void progress(Number.NaN)
      return 'done'
    },
  })
  const { queue, told, report: reports } = await running({ tasks: [report] })
  const job = await queue.enqueue(report, 1)
  assert.equal(await job.result(wait), 'done')
  assert.deepEqual(await job.progress(), { percent: 50, data: { step: 'half' } })
  const lines = await job.log()
  assert.deepEqual(
    lines.map(({ message, data, attempt }) => [message, data, attempt]),
    [
      ['begun', { at: new Date(0) }, 1],
      ['odd', 'The call of log holds a function at [1]. Pass plain data instead.', 1],
    ],
  )
  assert.deepEqual(
    told.map(([room, { status, progress }]) => [room, status, progress]),
    [
      ['workflow:7', 'running', 0],
      ['workflow:7', 'running', 10],
      ['workflow:7', 'running', 50],
      ['workflow:7', 'completed', 100],
    ],
  )
  assert.deepEqual(reports.stages(), ['task.progress', 'task.progress', 'task.progress'])
})

test('an isolated task enqueues tasks and workflows by their names, and follows their jobs', async () => {
  const add = defineTask({ name: 'add', run: (n: number) => n + 1 })
  const { task: slow } = heldApart()
  const unknown = defineTask({ name: 'unknown', run: (n: number) => n })
  const parent = defineTask({
    name: 'parent',
    ...once,
    async run(_: unknown, { enqueue }) {
      const job = await enqueue(add, 1, { id: 'first' })
      const again = await enqueue(add, 1, { id: 'first' })
      const both = await enqueue(chain(step(add, 5), add))
      const later = await enqueue(slow, 1, { delay: '1h' })
      const cancelled = await later.cancel('no need')
      const stop = AbortSignal.abort(new Error('enough'))
      await assert.rejects(later.result({ ...wait, signal: stop }), /enough/)
      await assert.rejects(later.result(wait), (error) => isTriportError(error, 'ERR_JOB_CANCELLED'))
      await assert.rejects(enqueue(unknown, 1), { code: 'ERR_TASK_UNKNOWN' })
      await assert.rejects(enqueue(add, 1, { tx: new WeakMap() }), { code: 'ERR_VALUE_UNSUPPORTED' })
      const { state, enqueuedAt } = await job.status()
      return {
        results: [await job.result(wait), await both.result(wait)],
        first: [job.id === again.id, again.deduplicated, again.key],
        others: [cancelled, state, enqueuedAt instanceof Date],
      }
    },
  })
  const { queue } = await running({ tasks: [parent, add, slow], worker: { concurrency: 5 } })
  assert.deepEqual(await (await queue.enqueue(parent, 1)).result({ timeout: '5s' }), {
    results: [2, 7],
    first: [true, true, 'first'],
    others: ['cancelled', 'completed', true],
  })
})

test('an isolated task publishes, and is told what else of the runtime it has not', async () => {
  const publish = defineTask({
    name: 'publish',
    ...once,
    async run(_: unknown, { rooms, tracer, enqueue }) {
      const position = await rooms.broadcastToRoom('news', { type: 'NOTIFICATION', data: {} as never })
      assert.throws(() => rooms.members('news'), {
        code: 'ERR_UNSUPPORTED',
        message: /no rooms\.members\. It has: broad/,
      })
      assert.throws(() => getTaskQueue().enqueueMany([]), /no queue\.enqueueMany/)
      assert.deepEqual(
        [getTracer() === tracer, getRooms() === rooms, getTaskQueue().enqueue === enqueue],
        [true, true, true],
      )
      return position
    },
  })
  const position = { epoch: 'e', seq: 1 }
  const { queue, told } = await running({ tasks: [publish], broadcast: async () => position })
  assert.deepEqual(await (await queue.enqueue(publish, 1)).result(wait), position)
  assert.deepEqual(told[0]?.[0], 'news')
})

test('the signal of an isolated task says why, with an error that is known as ours', async () => {
  const { task, started } = heldApart({ grace: '5s' })
  const { queue, clock } = await running({ tasks: [task] })
  await queue.enqueue(task, 1)
  await clock.advance(30_000)
  const signal = started[0]?.ctx.signal
  assert.ok(isTriportError(signal?.reason, 'ERR_TASK_TIMEOUT') && signal.reason.retryable)
})

test('an attempt that is aborted while its thread still loads does not begin', async () => {
  const { task, started } = heldApart({ grace: '5s' })
  const loading = gate<object>()
  const { queue, clock } = await running({ tasks: [task] }, { modules: { 'test:tasks': loading.promise } })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  await job.cancel()
  await clock.settle()
  loading.open({ task })
  await clock.settle()
  assert.deepEqual([started.length, (await job.status()).state], [0, 'cancelled'])
})

test('what a task left running in its thread has no runtime any more', async () => {
  const { task, started } = heldApart()
  const { queue, clock } = await running({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  started[0]?.gate.open('done')
  await job.result(wait)
  const [{ ctx }] = started as unknown as [{ ctx: TaskContext }]
  const { progress, log, enqueue } = ctx
  await progress(99)
  log('late')
  await assert.rejects(enqueue(task, 2), { code: 'ERR_UNSUPPORTED', message: /has returned/ })
  assert.deepEqual([await job.progress(), await job.log()], [undefined, []])
})
