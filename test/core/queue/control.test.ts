import assert from 'node:assert/strict'
import test from 'node:test'
import type { JobRecord } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { spy } from '../../kit/spy.js'
import { createProcess, createRunning } from './setup.js'
import { held } from './tasks.js'

const noop = defineTask({ name: 'noop', run: (_?: unknown) => {} })
const other = defineTask({ name: 'other', run: (_?: unknown) => {} })

/** A task that fails until it is told not to. */
function broken(name = 'broken') {
  const state = { heals: false, runs: 0 }
  const task = defineTask({
    name,
    maxRetries: 0,
    run(n: number) {
      state.runs++
      if (!state.heals) throw new Error(`no ${n}`)
      return n
    },
  })
  return { task, state }
}

/** A driver that gives two jobs a page at most, and every other time none. */
function shortPages(driver: QueueDriver): QueueDriver {
  let calls = 0
  return {
    ...driver,
    async list({ cursor = '', ...request }) {
      const { jobs } = await driver.list({ ...request, max: 1_000 })
      const left = jobs.filter(({ id }) => id > cursor).sort((a, b) => (a.id < b.id ? -1 : 1))
      const page = left.slice(0, ++calls % 2 === 0 ? Math.min(2, request.max) : 0)
      return { jobs: page, ...(page.length < left.length ? { next: page.at(-1)?.id ?? cursor } : {}) }
    },
  }
}

test('a paused queue gives no jobs, in no process, until it is resumed', async () => {
  const one = await createRunning({ tasks: [noop] })
  const two = await createRunning({ tasks: [noop], beside: one })
  await one.queue.pause('default')
  const job = await two.queue.enqueue(noop)
  await one.clock.advance(5_000)
  assert.deepEqual([await two.queue.isPaused('default'), (await job.status()).state], [true, 'waiting'])
  await two.queue.resume('default')
  await one.clock.settle()
  assert.deepEqual([await one.queue.isPaused('default'), (await job.status()).state], [false, 'completed'])
})

test('pausing a queue lets running jobs end', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  await queue.pause('default')
  started[0]?.gate.open('done')
  assert.equal(await job.result({ timeout: '1s' }), 'done')
})

test('counts are live', async () => {
  const { queue, clock, worker } = await createProcess({ tasks: [noop] })
  await queue.enqueue(noop)
  await queue.enqueue(noop, undefined, { delay: '1m' })
  const none = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
  assert.deepEqual(await queue.counts('default'), { ...none, waiting: 1, delayed: 1 })
  await clock.advance(60_000)
  assert.deepEqual(await queue.counts('default'), { ...none, waiting: 2 })
  await worker.start()
  await clock.settle()
  assert.deepEqual(await queue.counts('default'), { ...none, completed: 2 })
  assert.deepEqual(await queue.counts('nothing-here'), none)
})

test('a list has the jobs of one state, of one task if asked, and goes on at its cursor', async () => {
  const { queue } = await createProcess({ tasks: [noop, other] })
  const ids = new Set<string>()
  for (let n = 0; n < 5; n++) ids.add((await queue.enqueue(noop, n)).id)
  await queue.enqueue(other)
  await queue.enqueue(noop, 1, { delay: '1m' })
  const filter = { queue: 'default', state: 'waiting', task: 'noop' } as const
  const first = await queue.list({ ...filter, max: 3 })
  const second = await queue.list({ ...filter, max: 3, cursor: first.next ?? 'none' })
  assert.deepEqual([first.jobs.length, second.jobs.length, second.next], [3, 2, undefined])
  assert.deepEqual(new Set([...first.jobs, ...second.jobs].map(({ id }) => id)), ids)
  assert.equal((await queue.list({ queue: 'default', state: 'waiting' })).jobs.length, 6)
})

test('a page is full though the driver gives short and empty ones', async () => {
  const { queue } = await createProcess({ tasks: [noop], wrap: shortPages })
  for (let n = 0; n < 7; n++) await queue.enqueue(noop, n)
  const first = await queue.list({ queue: 'default', state: 'waiting', max: 5 })
  const second = await queue.list({ queue: 'default', state: 'waiting', max: 5, cursor: first.next ?? 'none' })
  assert.deepEqual([first.jobs.length, second.jobs.length, second.next], [5, 2, undefined])
})

test('a status tells the story of the job', async () => {
  const slow = defineTask({ name: 'slow', queue: 'slow', run: (_: unknown, ctx) => ctx.progress(30, { step: 'one' }) })
  const { queue, clock } = await createRunning({ tasks: [slow] })
  const job = await queue.enqueue(slow, 1, { delay: '5s' })
  const enqueuedAt = new Date(clock.now())
  await clock.advance(5_000)
  const { id } = job
  assert.deepEqual(await queue.getResult(id), {
    id,
    task: 'slow',
    queue: 'slow',
    state: 'completed',
    priority: 0,
    attempts: 1,
    progress: { percent: 30, data: { step: 'one' } },
    failures: [],
    cancelRequested: false,
    enqueuedAt,
    dueAt: new Date(clock.now()),
    startedAt: new Date(clock.now()),
    finishedAt: new Date(clock.now()),
  })
  assert.deepEqual(await queue.job(id).progress(), { percent: 30, data: { step: 'one' } })
})

test('a dead letter says why and how each attempt failed', async () => {
  const task = defineTask({
    name: 'flaky',
    maxRetries: 1,
    backoff: { delay: '1s', jitter: 0 },
    run(_: unknown, { attempt }) {
      throw Object.assign(new Error(`no ${attempt}`), { code: 'E_NO' })
    },
  })
  const { queue, clock } = await createRunning({ tasks: [task] })
  const begun = clock.now()
  await queue.enqueue(task, 1, { priority: 5 })
  await clock.advance(1_000)
  const [letter] = (await queue.list({ queue: 'default', state: 'failed' })).jobs
  assert.deepEqual(letter?.failures, [
    { attempt: 1, at: new Date(begun), error: { name: 'Error', message: 'no 1', code: 'E_NO' } },
    { attempt: 2, at: new Date(begun + 1_000), error: { name: 'Error', message: 'no 2', code: 'E_NO' } },
  ])
  const { reason, priority, dueAt, cancelRequested } = letter ?? {}
  assert.deepEqual([reason, priority, dueAt, cancelRequested], ['exhausted', 5, new Date(begun + 1_000), false])
})

test('a redriven job runs as if it were new, keeps its history, and its result can be waited for again', async () => {
  const { task, state } = broken()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 7)
  await clock.settle()
  state.heals = true
  assert.equal(await job.redrive(), 'redriven')
  assert.equal(await job.result({ timeout: '1s' }), 7)
  const { attempts, failures, reason, error } = await job.status()
  assert.deepEqual([attempts, failures.length, reason, error], [1, 1, undefined, undefined])
  assert.equal(await job.redrive(), 'kept')
})

test('a job that failed before it heard of its cancellation runs when it is redriven', async () => {
  const { task, started } = held({ maxRetries: 0 })
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    listen: (options) => driver.listen({ ...options, signals: { ...options.signals, cancel: () => {} } }),
  })
  const { queue, clock } = await createRunning({ tasks: [task], wrap })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  await job.cancel()
  started[0]?.gate.fail(new Error('no'))
  await clock.settle()
  assert.deepEqual([(await job.status()).state, await job.redrive()], ['failed', 'redriven'])
  await clock.settle()
  assert.deepEqual([started.length, (await job.status()).cancelRequested], [2, false])
})

test('redrive of a queue takes the failed jobs, of one task if asked, and says how many', async () => {
  const [one, two] = [broken('one'), broken('two')]
  const { queue, clock } = await createRunning({ tasks: [one.task, two.task, noop], wrap: shortPages })
  for (let n = 0; n < 5; n++) await queue.enqueue(one.task, n)
  await queue.enqueue(two.task, 1)
  await queue.enqueue(noop)
  await clock.settle()
  one.state.heals = true
  assert.equal(await queue.redrive({ queue: 'default', task: 'one', max: 2 }), 2)
  assert.equal(await queue.redrive({ queue: 'default', task: 'one' }), 3)
  await clock.settle()
  const { completed, failed } = await queue.counts('default')
  assert.deepEqual([completed, failed, two.state.runs], [6, 1, 1])
  assert.equal(await queue.redrive({ queue: 'nothing-here' }), 0)
})

test('a removed job is forgotten, and its handle says that its record is gone', async () => {
  const { queue, clock } = await createRunning({ tasks: [noop] })
  const job = await queue.enqueue(noop)
  await clock.settle()
  assert.equal(await job.remove(), 'removed')
  await assert.rejects(job.status(), { code: 'ERR_RESULT_EXPIRED' })
  await assert.rejects(queue.getResult(job.id), { code: 'ERR_JOB_UNKNOWN' })
})

test('removing a job that waits cancels it: its room hears so, whoever waits for it too, and nothing is left', async () => {
  const task = defineTask({ name: 'roomy', room: (id: string) => `workflow:${id}`, run() {} })
  const cancelled = spy<[unknown]>()
  const { queue, told, clock } = await createProcess({ tasks: [task] })
  queue.on('cancelled', cancelled)
  const job = await queue.enqueue(task, 'a', { delay: '1m' })
  const waited = assert.rejects(job.result({ timeout: '1s' }), { code: 'ERR_RESULT_EXPIRED' })
  await clock.settle()
  assert.equal(await job.remove(), 'removed')
  await waited
  assert.deepEqual(
    told.map(([room, { status }]) => [room, status]),
    [['workflow:a', 'cancelled']],
  )
  assert.equal(cancelled.calls.length, 1)
  const counts = await queue.counts('default')
  assert.deepEqual([counts.delayed, counts.cancelled], [0, 0])
})

test('a running job is not removed, and is left alone', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  assert.equal(await job.remove(), 'running')
  await clock.settle()
  assert.equal(started[0]?.ctx.signal.aborted, false)
})

test('a job that ends or begins while it is removed is forgotten or stays', async () => {
  const stale = (state: 'waiting') => (driver: QueueDriver) => ({
    ...driver,
    get: async (ids: readonly string[]) =>
      (await driver.get(ids)).map((record): JobRecord | undefined => record && { ...record, state }),
  })
  const { task, started } = held()
  const { queue, clock, driver } = await createRunning({ tasks: [task, noop], wrap: stale('waiting') })
  const [begun, ended] = [await queue.enqueue(task, 1), await queue.enqueue(noop)]
  await clock.settle()
  assert.deepEqual([await ended.remove(), await begun.remove()], ['removed', 'running'])
  await clock.settle()
  assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_JOB_CANCELLED')
  assert.deepEqual(
    (await driver.get([begun.id, ended.id])).map((record) => record?.id),
    [begun.id, undefined],
  )
})

test('removing from a queue takes the jobs of a state, of one task if asked, and says how many', async () => {
  const { queue, clock, worker } = await createProcess({ tasks: [noop, other], wrap: shortPages })
  for (let n = 0; n < 5; n++) await queue.enqueue(noop, n)
  for (let n = 0; n < 3; n++) await queue.enqueue(other, n)
  assert.equal(await queue.remove({ queue: 'default', state: 'waiting', task: 'noop', max: 3 }), 3)
  await worker.start()
  await clock.settle()
  assert.equal((await queue.counts('default')).completed, 5)
  assert.equal(await queue.remove({ queue: 'default', state: 'completed', task: 'other' }), 3)
  assert.equal(await queue.remove({ queue: 'default', state: 'completed' }), 2)
  assert.equal((await queue.counts('default')).completed, 0)
})

test('a job that runs says that its cancellation was requested', async () => {
  const { task } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  assert.equal((await job.status()).cancelRequested, false)
  await job.cancel()
  assert.equal((await job.status()).cancelRequested, true)
})

for (const [name, act] of [
  ['redrive', 'redrive'],
  ['remove', 'remove'],
  ['promote', 'promote'],
  ['log', 'log'],
] as const) {
  test(`${name} tells a job that never was from one whose record has expired`, async () => {
    const { queue, clock } = await createRunning({ tasks: [noop] })
    await assert.rejects(queue.job('00000000-0000-7000-8000-00000000000g')[act](), { code: 'ERR_JOB_UNKNOWN' })
    const { id } = await queue.enqueue(noop)
    await clock.advance(3_600_001)
    await assert.rejects(queue.job(id)[act](), { code: 'ERR_RESULT_EXPIRED' })
  })
}

test('a failed job whose record is kept for a short time has expired, too', async () => {
  const task = defineTask({
    name: 'short',
    maxRetries: 0,
    keepFailed: '1m',
    run: () => Promise.reject(new Error('no')),
  })
  const { queue, clock } = await createRunning({ tasks: [task] })
  const { id } = await queue.enqueue(task)
  await clock.advance(60_001)
  await assert.rejects(queue.getResult(id), { code: 'ERR_RESULT_EXPIRED' })
})

test('what is wrong with a filter is said, and nothing is done', async () => {
  const { queue } = await createProcess({ tasks: [noop] })
  const wrong = (call: Promise<unknown>, message: RegExp) =>
    assert.rejects(call, { code: 'ERR_OPTION_INVALID', message })
  await wrong(queue.pause('a queue'), /queue is "a queue"/)
  await wrong(queue.counts(undefined as never), /queue is undefined/)
  await wrong(queue.list(undefined as never), /filter is undefined/)
  await wrong(queue.list({ queue: 'default', state: 'dead' as never }), /Unknown state "dead"/)
  await wrong(queue.list({ queue: 'default', state: 'failed', max: 1_001 }), /max is 1001/)
  await wrong(queue.list({ queue: 'default', state: 'failed', cursor: 1 as never }), /cursor is 1/)
  await wrong(queue.redrive({ queue: 'default', tsak: 'noop' } as never), /Did you mean "task"/)
  await wrong(queue.redrive({ queue: 'default', max: 0 }), /max is 0/)
  await wrong(queue.remove({ queue: 'default', state: 'active' as never }), /cancel them first/)
  await wrong(queue.remove({ queue: 'default', state: 'failed', task: noop as never }), /task is \{/)
})
