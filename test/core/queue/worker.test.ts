import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import type { ClaimRequest } from '../../../core/ports/queue.js'
import { defineTask, type TaskContext } from '../../../core/queue/task.js'
import { FatalTaskError } from '../../../core/queue/task-errors.js'
import { newJob } from '../../conformance/queue/harness.js'
import { gate, spy } from '../../kit/spy.js'
import { createProcess, createRunning } from './setup.js'
import { held, obedient, quick } from './tasks.js'

test('no more jobs run at once than the concurrency allows', async () => {
  const { task, started } = held()
  const { queue, clock, worker } = await createRunning({ tasks: [task], worker: { concurrency: 3 } })
  await Promise.all(Array.from({ length: 10 }, (_, n) => queue.enqueue(task, n)))
  await clock.settle()
  assert.equal(started.length, 3)
  assert.equal(worker.snapshot()?.running, 3)
  started[0]?.gate.open(1)
  await clock.settle()
  assert.equal(started.length, 4)
})

test('one pool serves all queues, and none of them starves', async () => {
  const ran: string[] = []
  const [left, right] = ['left', 'right'].map((name) =>
    defineTask({ name, queue: name, run: () => void ran.push(name) }),
  )
  assert.ok(left && right)
  const { queue, worker, clock } = await createProcess({ tasks: [left, right], worker: { concurrency: 2 } })
  for (let n = 0; n < 20; n++) for (const task of [left, right]) await queue.enqueue(task, n)
  await worker.start()
  await clock.settle()
  assert.equal(ran.length, 40)
  assert.ok(ran.slice(0, 8).includes('left') && ran.slice(0, 8).includes('right'))
})

test('a failed attempt is repeated after its backoff, then the job has failed', async () => {
  const times: number[] = []
  const flaky = defineTask({
    name: 'flaky',
    maxRetries: 3,
    backoff: quick,
    run() {
      times.push(clock.now() - start)
      throw new Error('no')
    },
  })
  const { queue, clock, report } = await createRunning({ tasks: [flaky] })
  const start = clock.now()
  const job = await queue.enqueue(flaky)
  await clock.advance(60_000)
  assert.deepEqual(times, [0, 1_000, 3_000, 7_000])
  const { state, attempts, error } = await job.status()
  assert.deepEqual([state, attempts, error?.message], ['failed', 4, 'no'])
  assert.deepEqual(report.stages(), ['task.run', 'task.run', 'task.run', 'task.run'])
})

test('the jitter spreads the backoff', async () => {
  const flaky = defineTask({
    name: 'flaky',
    backoff: { delay: '10s', jitter: 0.5 },
    run: () => Promise.reject(new Error('no')),
  })
  const { queue, clock } = await createRunning({ tasks: [flaky] })
  const job = await queue.enqueue(flaky)
  await clock.advance(9_999)
  assert.equal((await job.status()).attempts, 1)
  await clock.advance(1)
  assert.equal((await job.status()).attempts, 2)
})

test('a fatal error ends the job at once, and maxRetries of the job counts', async () => {
  const fatal = defineTask({ name: 'fatal', run: () => Promise.reject(new FatalTaskError('never')) })
  const once = defineTask({ name: 'once', run: () => Promise.reject(new Error('no')) })
  const { queue, clock } = await createRunning({ tasks: [fatal, once] })
  const jobs = [await queue.enqueue(fatal), await queue.enqueue(once, undefined, { maxRetries: 0 })]
  await clock.settle()
  for (const job of jobs) assert.deepEqual([(await job.status()).state, (await job.status()).attempts], ['failed', 1])
})

test('the context tells job, key and attempt, and its members may be taken apart', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1, { id: 'mine' })
  await clock.settle()
  const [first] = started
  assert.ok(first)
  const { jobId, key, attempt, signal, progress } = first.ctx
  assert.deepEqual([jobId, key, attempt, signal.aborted], [job.id, 'mine', 1, false])
  await progress(10)
  assert.deepEqual(await job.progress(), { percent: 10 })
})

test('a task may enqueue others', async () => {
  const child = defineTask({ name: 'child', run: (n: number) => n + 1 })
  const parent = defineTask({
    name: 'parent',
    run: async (n: number, ctx) => (await ctx.enqueue(child, n)).result({ timeout: '1s' }),
  })
  const { queue } = await createRunning({ tasks: [parent, child] })
  assert.equal(await (await queue.enqueue(parent, 1)).result({ timeout: '1s' }), 2)
})

test('progress is stored, newest last, and refused when it is no percentage', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  const { ctx } = started[0] as { ctx: TaskContext }
  await Promise.all([ctx.progress(10), ctx.progress(20), ctx.progress(30, { step: 3 })])
  assert.deepEqual(await job.progress(), { percent: 30, data: { step: 3 } })
  await assert.rejects(ctx.progress(101), { code: 'ERR_OPTION_INVALID' })
  await assert.rejects(ctx.progress(50, { fn() {} }), { code: 'ERR_VALUE_UNSUPPORTED' })
})

test('a job of an unknown task goes back for a worker that knows it, at no attempt', async () => {
  const { task } = held()
  const old = await createRunning({ tasks: [task] })
  const fresh = defineTask({ name: 'fresh', run: () => 'new' })
  const job = await old.queue.enqueue(fresh)
  await old.clock.settle()
  assert.deepEqual([(await job.status()).state, (await job.status()).attempts], ['delayed', 0])
  assert.deepEqual(old.report.stages(), ['worker.judge'])
  await old.worker.stop()
  const { worker } = await createProcess({ tasks: [fresh], beside: old })
  await worker.start()
  await old.clock.advance(5_000)
  assert.equal(await job.result({ timeout: '1s' }), 'new')
})

test('a worker claims only the queues of its tasks', async () => {
  const { task } = held()
  const { driver, clock } = await createRunning({ tasks: [task] })
  await driver.enqueue([newJob({ queue: 'other', task: 'other' })])
  await clock.advance(5_000)
  assert.equal((await driver.counts('other')).waiting, 1)
})

test('a payload that cannot be read fails its job and harms no other', async () => {
  const { task } = held()
  const { driver, queue, clock } = await createRunning({ tasks: [task] })
  const bad = newJob({ queue: 'default', task: 'held', payload: '{no json' })
  await driver.enqueue([bad])
  await clock.settle()
  const { state, error } = await queue.getResult(bad.id)
  assert.deepEqual([state, error?.code], ['failed', 'ERR_VALUE_MALFORMED'])
})

test('notes on a job that something else wrote keep neither it nor its place', async () => {
  const { task, started } = held()
  const { driver, clock } = await createRunning({ tasks: [task], worker: { concurrency: 2 } })
  const odd = ['null', '[]', '{"room":7,"trace":"x"}', '{"maxRetries":"many"}']
  await driver.enqueue(odd.map((meta) => newJob({ queue: 'default', task: 'held', meta })))
  for (let index = 0; index < odd.length; index++) {
    await clock.settle()
    started[index]?.gate.open('ok')
  }
  await clock.settle()
  assert.equal((await driver.counts('default')).completed, odd.length)
})

test('stop waits for what runs and claims no more', async () => {
  const { task, started } = held()
  const { queue, clock, worker } = await createRunning({ tasks: [task], worker: { concurrency: 1 } })
  const [running, waiting] = [await queue.enqueue(task, 1), await queue.enqueue(task, 2)]
  await clock.settle()
  const stopped = worker.stop()
  await clock.advance(5_000)
  started[0]?.gate.open('done')
  await stopped
  assert.deepEqual([(await running.status()).state, (await waiting.status()).state], ['completed', 'waiting'])
  assert.deepEqual([started.length, worker.snapshot(), clock.timers], [1, undefined, 0])
})

test('stop aborts what does not end in time and puts it back at no attempt', async () => {
  const { queue, clock, worker } = await createRunning({ tasks: [obedient], worker: { stopTimeout: '3s' } })
  const job = await queue.enqueue(obedient)
  await clock.settle()
  const stopped = worker.stop()
  await clock.advance(2_999)
  assert.equal((await job.status()).state, 'active')
  await clock.advance(1)
  await stopped
  assert.deepEqual([(await job.status()).state, (await job.status()).attempts], ['waiting', 0])
})

test('stop puts back what ignores its signal, and reports it', async () => {
  const { task, started } = held()
  const { queue, clock, worker, report } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  const stopped = worker.stop()
  await clock.advance(11_000)
  await stopped
  assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_WORKER_STOPPING')
  assert.deepEqual([(await job.status()).state, report.stages()], ['waiting', ['task.overlap']])
})

test('what was claimed while the worker stopped goes back unstarted', async () => {
  const { task, started } = held()
  const answer = gate()
  const claimed = spy<[ClaimRequest]>()
  const { queue, clock, worker } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async claim(request) {
        claimed(request)
        const reply = await driver.claim(request)
        if (reply.jobs.length > 0) await answer.promise
        return reply
      },
    }),
  })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  const stopped = worker.stop()
  answer.open()
  await stopped
  assert.deepEqual([started.length, (await job.status()).state, (await job.status()).attempts], [0, 'waiting', 0])
})

test('a worker may be started again after a stop', async () => {
  const { task, started } = held()
  const { queue, clock, worker } = await createRunning({ tasks: [task] })
  await worker.stop()
  const job = await queue.enqueue(task, 1)
  await worker.start()
  await clock.settle()
  started[0]?.gate.open('again')
  assert.equal(await job.result({ timeout: '1s' }), 'again')
})

test('a driver that fails is asked again for ever, ever more slowly, and each failure is reported', async () => {
  let down = true
  const { task, started } = held()
  const calls: number[] = []
  const { queue, clock, report } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async claim(request) {
        calls.push(clock?.now() ?? 0)
        if (down) throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')
        return driver.claim(request)
      },
    }),
  })
  await queue.enqueue(task, 1)
  await clock.advance(60_000)
  assert.ok(calls.length > 10 && calls.length < 30, `${calls.length} calls`)
  assert.ok(report.stages().every((stage) => stage === 'worker.claim'))
  down = false
  await clock.advance(5_000)
  assert.equal(started.length, 1)
})

test('a settlement that could not be sent is sent again, and its late answer is no news', async () => {
  let failures = 2
  const quickTask = defineTask({ name: 'quick', run: () => 'ok' })
  const { queue, clock, report } = await createRunning({
    tasks: [quickTask],
    wrap: (driver) => ({
      ...driver,
      async settle(settlements) {
        const replies = await driver.settle(settlements)
        if (failures-- > 0) throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'reply lost')
        return replies
      },
    }),
  })
  const job = await queue.enqueue(quickTask)
  await clock.advance(1_000)
  assert.equal((await job.status()).state, 'completed')
  assert.deepEqual(new Set(report.stages()), new Set(['worker.settle']))
})

test('without any hint a job is found by the poll, and a due one at its time', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({ ...driver, listen: (options) => driver.listen({ ...options, signals: {} }) }),
  })
  await clock.advance(1)
  await queue.enqueue(task, 1)
  await clock.advance(999)
  assert.equal(started.length, 1)
  await queue.enqueue(task, 2, { delay: '1500ms' })
  await clock.advance(1_499)
  assert.equal(started.length, 1)
  await clock.advance(1)
  assert.equal(started.length, 2)
})

test('after a lost link everything is claimed and renewed again', async () => {
  let resync: (() => void) | undefined
  const extended = spy()
  const { task, started } = held()
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      extend(leases, lease) {
        extended()
        return driver.extend(leases, lease)
      },
      listen(options) {
        resync = options.signals.resync
        return driver.listen({ ...options, signals: {} })
      },
    }),
  })
  await queue.enqueue(task, 1)
  resync?.()
  await clock.settle()
  assert.equal(started.length, 1)
  resync?.()
  await clock.settle()
  assert.equal(extended.calls.length, 1)
})

test('settlements ride on the next claim', async () => {
  const requests: ClaimRequest[] = []
  const settles = spy()
  const noop = defineTask({ name: 'noop', async run() {} })
  const { queue, clock, worker } = await createProcess({
    tasks: [noop],
    worker: { concurrency: 10 },
    wrap: (driver) => ({
      ...driver,
      claim(request) {
        requests.push(request)
        return driver.claim(request)
      },
      settle(settlements) {
        settles()
        return driver.settle(settlements)
      },
    }),
  })
  await queue.enqueueMany(Array.from({ length: 100 }, () => ({ task: noop })))
  await worker.start()
  await clock.settle()
  assert.deepEqual(await (await queue.enqueue(noop)).result({ timeout: '1s' }), undefined)
  assert.ok(requests.length < 20, `${requests.length} claims for 100 jobs`)
  assert.ok(settles.calls.length <= 2)
})

test('a task that returns at once and one that is no promise are settled too', async () => {
  const sync = defineTask({ name: 'sync', run: (n: number) => n * 2 })
  const { queue } = await createRunning({ tasks: [sync] })
  assert.equal(await (await queue.enqueue(sync, 4)).result({ timeout: '1s' }), 8)
})

test('a value that cannot be described fails its attempt like any other', async () => {
  const odd = defineTask({
    name: 'odd',
    maxRetries: 0,
    run() {
      throw Object.create(null)
    },
  })
  const { queue, clock } = await createRunning({ tasks: [odd] })
  const job = await queue.enqueue(odd)
  await clock.settle()
  const { state, error } = await job.status()
  assert.equal(state, 'failed')
  assert.match(error?.message ?? '', /cannot be read or turned into text/)
})

test('progress that nobody waits for is reported when it is wrong, and does the job no harm', async () => {
  const careless = defineTask({
    name: 'careless',
    run(_input: undefined, ctx) {
      void ctx.progress(101)
      return 'done'
    },
  })
  const { queue, clock, report } = await createRunning({ tasks: [careless] })
  const job = await queue.enqueue(careless)
  await clock.settle()
  assert.equal((await job.status()).result, 'done')
  assert.deepEqual(report.stages(), ['task.progress'])
})
