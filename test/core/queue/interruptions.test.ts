import assert from 'node:assert/strict'
import test from 'node:test'
import { encodeError } from '../../../core/codec.js'
import { isTriportError } from '../../../core/errors.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { take } from '../../conformance/queue/harness.js'
import { createProcess, createRunning } from './setup.js'
import { held, obedient } from './tasks.js'

test('an attempt whose time is up is aborted, has its grace, and is repeated', async () => {
  const { task, started } = held({ timeout: '30s', grace: '5s' })
  const { queue, clock, report } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.advance(29_999)
  assert.equal(started[0]?.ctx.signal.aborted, false)
  await clock.advance(1)
  assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_TASK_TIMEOUT')
  await clock.advance(3_000)
  assert.equal((await job.status()).state, 'active')
  started[0]?.gate.fail(new Error('aborted'))
  await clock.settle()
  assert.deepEqual([(await job.status()).state, (await job.status()).error?.code], ['delayed', 'ERR_TASK_TIMEOUT'])
  await clock.advance(1_000)
  assert.equal(started.length, 2)
  assert.deepEqual(report.stages(), ['task.run'])
})

test('an attempt that ignores its signal is settled after its grace, keeps its place, and the overlap is reported', async () => {
  const { task, started } = held({ timeout: '30s', grace: '5s' })
  const { queue, clock, report, worker } = await createRunning({ tasks: [task], worker: { concurrency: 2 } })
  const job = await queue.enqueue(task, 1)
  await clock.advance(35_000)
  assert.equal((await job.status()).state, 'delayed')
  assert.deepEqual(report.stages(), ['task.run', 'task.overlap'])
  await clock.advance(1_000)
  assert.equal(started.length, 2)
  assert.equal(worker.snapshot()?.running, 2)
  started[0]?.gate.open('too late')
  await clock.settle()
  assert.equal(worker.snapshot()?.running, 1)
  assert.equal((await job.status()).state, 'active')
  started[1]?.gate.open('in time')
  assert.equal(await job.result({ timeout: '1s' }), 'in time')
})

test('cancel reaches a job that runs in another process within a second, and its reason stays with the job', async () => {
  const one = await createProcess({ tasks: [obedient] })
  const two = await createRunning({ tasks: [obedient], beside: one })
  const job = await one.queue.enqueue(obedient)
  await one.clock.settle()
  assert.equal((await job.status()).state, 'active')
  assert.equal(await job.cancel('superseded'), 'requested')
  await one.clock.settle()
  assert.equal((await job.status()).state, 'cancelled')
  await assert.rejects(job.result({ timeout: '1s' }), { code: 'ERR_JOB_CANCELLED', message: /: superseded$/ })
  assert.equal(two.worker.snapshot()?.running, 0)
})

test('the signal of a cancelled job has the reason that its caller gave', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  await job.cancel('superseded')
  await clock.settle()
  const { reason } = started[0]?.ctx.signal ?? {}
  assert.ok(isTriportError(reason, 'ERR_JOB_CANCELLED'))
  assert.match(reason.message, /: superseded$/)
  assert.deepEqual(reason.details, { job: job.id, task: 'held', reason: 'superseded' })
})

test('cancellations of one turn are read with one call, and those of jobs that run elsewhere with none', async () => {
  const { task, started } = held()
  const reads: (readonly string[])[] = []
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    get(ids) {
      reads.push(ids)
      return driver.get(ids)
    },
  })
  const one = await createRunning({ tasks: [task], wrap })
  const two = await createProcess({ tasks: [task], beside: one })
  const jobs = [await two.queue.enqueue(task, 1), await two.queue.enqueue(task, 2)]
  await one.clock.settle()
  const elsewhere = await two.queue.enqueue(obedient)
  await take(two.driver, { queue: 'default' })
  await two.driver.cancel([...jobs, elsewhere].map(({ id }) => ({ id, error: encodeError('why'), keep: 0 })))
  await one.clock.settle()
  assert.deepEqual(reads, [jobs.map(({ id }) => id)])
  assert.deepEqual(
    started.map(({ ctx }) => ctx.signal.reason.message),
    ['why', 'why'],
  )
})

for (const [how, get] of [
  ['fails', () => Promise.reject(new Error('down'))],
  ['is never answered', () => new Promise<never>(() => {})],
] as const) {
  test(`when reading the reason ${how}, a cancelled job is aborted within a second without it`, async () => {
    const { task, started } = held()
    let away = false
    const { queue, clock, report } = await createRunning({
      tasks: [task],
      wrap: (driver) => ({ ...driver, get: (ids) => (away ? get() : driver.get(ids)) }),
    })
    const job = await queue.enqueue(task, 1)
    await clock.settle()
    const cancelled = job.cancel('superseded')
    await Promise.resolve()
    away = true
    await cancelled
    await clock.advance(1_000)
    assert.equal(started[0]?.ctx.signal.reason?.code, 'ERR_JOB_CANCELLED')
    assert.deepEqual(report.stages(), ['worker.cancel'])
  })
}

test('a signal of a cancellation that nobody asked for is not believed', async () => {
  const { task, started } = held()
  let cancel: ((id: string) => void) | undefined
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    listen(options) {
      cancel = options.signals.cancel
      return driver.listen(options)
    },
  })
  const { queue, clock } = await createRunning({ tasks: [task], wrap })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  cancel?.(job.id)
  await clock.settle()
  assert.equal(started[0]?.ctx.signal.aborted, false)
})

test('a cancelled job that returns all the same has completed', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  await job.cancel()
  await clock.settle()
  assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_JOB_CANCELLED')
  started[0]?.gate.open('done')
  assert.equal(await job.result({ timeout: '1s' }), 'done')
})

test('a cancellation whose signal was lost is found when the lease is renewed', async () => {
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    listen: (options) => driver.listen({ ...options, signals: { ...options.signals, cancel: () => {} } }),
  })
  const { queue, clock } = await createRunning({ tasks: [obedient], wrap })
  const job = await queue.enqueue(obedient)
  await clock.settle()
  await job.cancel()
  await clock.advance(10_000)
  assert.equal((await job.status()).state, 'cancelled')
})

test('a job that fails while it is being cancelled is not repeated, and is kept as long as its task says', async () => {
  const { task, started } = held({ keepResult: '60s' })
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    listen: (options) => driver.listen({ ...options, signals: { ...options.signals, cancel: () => {} } }),
  })
  const { queue, clock } = await createRunning({ tasks: [task], wrap })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  await job.cancel()
  started[0]?.gate.fail(new Error('unrelated'))
  await clock.settle()
  assert.equal((await job.status()).state, 'cancelled')
  await clock.advance(60_001)
  await assert.rejects(job.status(), { code: 'ERR_RESULT_EXPIRED' })
})

test('leases of long jobs are renewed', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.advance(200_000)
  assert.deepEqual([started.length, (await job.status()).attempts], [1, 1])
})

test('an attempt that lost its lease is aborted and settles nothing', async () => {
  const { task, started } = held()
  const { queue, clock, driver, report } = await createRunning({
    tasks: [task],
    wrap: (inner) => ({ ...inner, extend: async (leases) => leases.map(() => 'lost') }),
  })
  const job = await queue.enqueue(task, 1)
  await clock.advance(10_000)
  assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_LEASE_LOST')
  assert.deepEqual(report.stages(), ['worker.lease'])
  started[0]?.gate.open('mine')
  await clock.settle()
  assert.equal((await job.status()).state, 'active')
  await clock.advance(21_000)
  assert.equal(started.length, 2)
  assert.equal(driver.name, 'memory')
})

test('a job that ended its workers too often is given up', async () => {
  const { task, started } = held({ maxRetries: 2 })
  const { queue, driver, clock, worker, report } = await createProcess({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  for (let crash = 0; crash < 3; crash++) {
    assert.equal((await take(driver, { queue: 'default', lease: 1_000 })).length, 1)
    await clock.advance(1_001)
  }
  await worker.start()
  await clock.settle()
  const { state, error } = await job.status()
  assert.deepEqual([state, error?.code, started.length], ['failed', 'ERR_JOB_CRASHED', 0])
  assert.deepEqual(report.stages(), ['worker.judge'])
})

test('a cancelled job whose worker was killed ends without running again', async () => {
  const { task, started } = held()
  const { queue, driver, clock, worker } = await createProcess({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await take(driver, { queue: 'default', lease: 1_000 })
  assert.equal(await job.cancel(), 'requested')
  await clock.advance(1_001)
  await worker.start()
  await clock.settle()
  assert.deepEqual([(await job.status()).state, started.length], ['cancelled', 0])
})
