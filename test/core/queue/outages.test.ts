import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import type { QueueDriver, QueueListener } from '../../../core/ports/queue.js'
import type { Job } from '../../../core/queue/job.js'
import type { TaskQueue } from '../../../core/queue/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { memoryQueue } from '../../../drivers/memory/queue.js'
import { newJob } from '../../conformance/queue/harness.js'
import { gate, spy } from '../../kit/spy.js'
import { createProcess, createRunning, type Process } from './setup.js'
import { held, obedient } from './tasks.js'

const never = new Promise<never>(() => {})
const down = new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')

test('cancel reaches a job whose claim is still under way', async () => {
  const { task, started } = held()
  const reply = gate()
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async claim(request) {
        const claimed = await driver.claim(request)
        if (claimed.jobs.length > 0) await reply.promise
        return claimed
      },
    }),
  })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  assert.equal(await job.cancel(), 'requested')
  await clock.settle()
  reply.open()
  await clock.settle()
  assert.equal(started[0]?.ctx.signal.reason?.code, 'ERR_JOB_CANCELLED')
})

for (const [how, extend] of [
  ['fails', () => Promise.reject(down)],
  ['never answers', () => never],
] as const) {
  test(`when renewing ${how}, a running attempt is aborted as its lease lapses`, async () => {
    const { task, started } = held({ grace: '60s' })
    const { queue, clock, report } = await createRunning({ tasks: [task], wrap: (driver) => ({ ...driver, extend }) })
    await clock.advance(5_000)
    await queue.enqueue(task, 1)
    await clock.advance(29_999)
    assert.equal(started[0]?.ctx.signal.aborted, false)
    await clock.advance(1)
    assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_LEASE_LOST')
    assert.equal(report.stages().filter((stage) => stage === 'worker.lease').length, 1)
  })
}

test('an attempt whose lease lapsed settles what it has done, if nobody else has the job', async () => {
  const { task, started } = held({ grace: '60s' })
  let away = false
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      claim: (request) => (away ? Promise.reject(down) : driver.claim(request)),
      extend: () => Promise.reject(down),
    }),
  })
  const [done, failed] = [await queue.enqueue(task, 1), await queue.enqueue(task, 2)]
  await clock.settle()
  away = true
  await clock.advance(31_000)
  started[0]?.gate.open('done')
  started[1]?.gate.fail(started[1].ctx.signal.reason)
  away = false
  await clock.advance(5_000)
  assert.deepEqual([await done.result({ timeout: '1s' }), (await failed.status()).state], ['done', 'active'])
  assert.equal(started[2]?.ctx.attempt, 1, 'losing the lease was no fault of the attempt')
})

test('an attempt whose renewals succeed again keeps its lease', async () => {
  const { task, started } = held()
  let failures = 2
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      extend: (leases, lease) => (failures-- > 0 ? Promise.reject(down) : driver.extend(leases, lease)),
    }),
  })
  await clock.advance(5_000)
  const job = await queue.enqueue(task, 1)
  await clock.advance(100_000)
  assert.equal(started[0]?.ctx.signal.aborted, false)
  assert.equal((await job.status()).attempts, 1)
})

test('a claim that is never answered is given up with its lease, and claiming goes on', async () => {
  const { task, started } = held()
  let hangs = true
  const { queue, clock, report } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({ ...driver, claim: (request) => (hangs ? never : driver.claim(request)) }),
  })
  await queue.enqueue(task, 1)
  hangs = false
  await clock.advance(29_999)
  assert.equal(started.length, 0)
  await clock.advance(1_000)
  assert.deepEqual([started.length, report.stages()], [1, ['worker.claim']])
})

test('a worker stops though its driver answers nothing any more, and says so', async () => {
  let away = false
  const hanging =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A) =>
      away ? never : call(...args)
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    claim: hanging(driver.claim),
    settle: hanging(driver.settle),
    extend: hanging(driver.extend),
  })
  const { queue, clock, worker } = await createRunning({ tasks: [obedient], wrap, worker: { stopTimeout: '1s' } })
  await queue.enqueue(obedient)
  await clock.settle()
  away = true
  await clock.advance(1_000)
  const stopped = assert.rejects(worker.stop(), { code: 'ERR_DRIVER_UNAVAILABLE' })
  await clock.advance(60_000)
  await stopped
  assert.equal(clock.timers, 0)
})

test('closing the queue lets an enqueue that is under way end: stored, or given up at its deadline', async () => {
  const reply = gate()
  let hangs = false
  const { queue, clock } = await createProcess({
    wrap: (driver) => ({
      ...driver,
      async enqueue(jobs) {
        await (hangs ? never : reply.promise)
        return driver.enqueue(jobs)
      },
    }),
  })
  const stored = queue.enqueue(obedient)
  await clock.settle()
  hangs = true
  const givenUp = assert.rejects(queue.enqueue(obedient), { code: 'ERR_ENQUEUE_TIMEOUT' })
  const closed = queue.close()
  reply.open()
  assert.equal((await stored).deduplicated, false)
  await clock.advance(5_000)
  await Promise.all([givenUp, closed])
  assert.equal(clock.timers, 0)
})

test('a result is watched for again after the subscription failed', async () => {
  const { task, started } = held()
  let failures = 1
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      listen: (options) =>
        options.queues.length === 0 && failures-- > 0 ? Promise.reject(down) : driver.listen(options),
    }),
  })
  const job = await queue.enqueue(task, 1)
  const result = job.result({ timeout: '1m' })
  await clock.advance(6_000)
  started[0]?.gate.open('told')
  await clock.settle()
  assert.equal(await Promise.race([result, clock.settle()]), 'told')
})

test('a subscription that is never answered is given up, made again, and closed when it comes late', async () => {
  const { task, started } = held()
  const late = gate()
  const closed = spy()
  let hangs = true
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async listen(options) {
        if (options.queues.length > 0 || !hangs) return driver.listen(options)
        await late.promise
        return { ...(await driver.listen(options)), close: async () => void closed() }
      },
    }),
  })
  const job = await queue.enqueue(task, 1)
  const result = job.result({ timeout: '1m' })
  await clock.settle()
  hangs = false
  await clock.advance(10_000)
  started[0]?.gate.open('told')
  await clock.settle()
  assert.equal(await Promise.race([result, clock.settle()]), 'told')
  late.open()
  await closed.called()
})

test('a wait that is given up and begun again in one turn is watched once', async () => {
  const watched = spy<[string[], string]>()
  const { queue, clock } = await createProcess({
    wrap: (driver) => ({
      ...driver,
      async listen(options) {
        const listener = await driver.listen(options)
        return {
          ...listener,
          async watch(ids) {
            watched([...ids], 'watch')
            return []
          },
          unwatch: (ids) => void watched([...ids], 'unwatch'),
        }
      },
    }),
  })
  const job = await queue.enqueue(obedient)
  const giveUp = new AbortController()
  const first = assert.rejects(job.result({ timeout: '1s', signal: giveUp.signal }))
  giveUp.abort()
  const second = assert.rejects(job.result({ timeout: '1s' }), { code: 'ERR_RESULT_TIMEOUT' })
  await clock.settle()
  assert.deepEqual(watched.calls, [[[job.id], 'watch']])
  await clock.advance(1_000)
  await Promise.all([first, second])
  assert.deepEqual(watched.calls, [
    [[job.id], 'watch'],
    [[job.id], 'unwatch'],
  ])
})

test('progress that the driver never answers holds up no task for longer than a quarter of a lease', async () => {
  const { task, started } = held()
  const { queue, clock, report } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({ ...driver, progress: () => never }),
  })
  await queue.enqueue(task, 1)
  await clock.settle()
  const told = started[0]?.ctx.progress(50)
  await clock.advance(7_500)
  await told
  assert.deepEqual(report.stages(), ['worker.progress'])
})

test('a settlement that the driver refuses for good holds up no other', async () => {
  const { task, started } = held()
  let poisoned: string | undefined
  const refuse = (settlements: readonly { readonly id: string }[] = []) => {
    if (settlements.some(({ id }) => id === poisoned)) throw new Error('no such text')
  }
  const { queue, clock, report } = await createRunning({
    tasks: [task],
    worker: { concurrency: 10 },
    wrap: (driver) => ({
      ...driver,
      async claim(request) {
        refuse(request.settle)
        return driver.claim(request)
      },
      async settle(settlements) {
        refuse(settlements)
        return driver.settle(settlements)
      },
    }),
  })
  const jobs = await Promise.all([1, 2, 3].map((n) => queue.enqueue(task, n)))
  await clock.settle()
  poisoned = jobs[1]?.id
  for (const { gate } of started) gate.open(1)
  await clock.advance(1_000)
  const later = await queue.enqueue(task, 4)
  await clock.settle()
  const states = await Promise.all([...jobs, later].map(async (job) => (await job.status()).state))
  assert.deepEqual(states, ['completed', 'active', 'completed', 'active'])
  assert.equal(started.length, 4)
  assert.ok(report.reports.some(({ details }) => details.stage === 'worker.settle' && details.job === poisoned))
  poisoned = undefined
  await clock.advance(31_000)
  assert.equal(started[4]?.ctx.jobId, jobs[1]?.id, 'it runs again when its lease has lapsed')
})

test('a worker does not wait for ever to be listening, and closes a listener that comes too late', async () => {
  const closed = spy<[]>()
  const opening = gate<QueueListener>()
  const { worker, clock } = await createProcess({
    tasks: [obedient],
    wrap: (driver) => ({ ...driver, listen: () => opening.promise }),
  })
  const refused = assert.rejects(worker.start(), { code: 'ERR_DRIVER_UNAVAILABLE' })
  await clock.advance(5_000)
  await refused
  opening.open({ watch: async () => [], unwatch() {}, close: async () => closed() })
  await clock.settle()
  assert.deepEqual([closed.calls.length, clock.timers], [1, 0])
})

test('closing the queue gives up every enqueue in its time, also when something else does not close', async () => {
  const { queue, clock, store } = await createProcess({
    tasks: [obedient],
    wrap: (driver) => ({
      ...driver,
      enqueue: () => never,
      listen: async (options) => ({ ...(await driver.listen(options)), close: () => Promise.reject(down) }),
    }),
  })
  const waited = assert.rejects((await waitingJob({ queue, store })).result({ timeout: '1h' }), {
    code: 'ERR_NOT_STARTED',
  })
  await clock.settle()
  const late = assert.rejects(queue.enqueue(obedient), { code: 'ERR_ENQUEUE_TIMEOUT' })
  await assert.rejects(queue.close(), down)
  await clock.advance(5_000)
  await Promise.all([waited, late])
})

test('a result that somebody begins to wait for during a close is given up at its timeout', async () => {
  const { queue, clock, store } = await createProcess({
    tasks: [obedient],
    wrap: (inner) => ({ ...inner, enqueue: () => never }),
  })
  const job = await waitingJob({ queue, store })
  const late = assert.rejects(queue.enqueue(obedient), { code: 'ERR_ENQUEUE_TIMEOUT' })
  await clock.settle()
  const closed = queue.close()
  await clock.settle()
  const waited = assert.rejects(job.result({ timeout: '30s' }), { code: 'ERR_RESULT_TIMEOUT' })
  await clock.advance(30_000)
  await Promise.all([late, closed, waited])
  assert.equal(clock.timers, 0)
})

test('what has gathered to be settled goes in calls that a backend can carry', async () => {
  const large = defineTask({ name: 'large', run: () => 'x'.repeat(900_000) })
  const sizes: number[] = []
  const { queue, worker, clock } = await createProcess({
    tasks: [large],
    worker: { concurrency: 20 },
    wrap: (driver) => ({
      ...driver,
      claim(request) {
        sizes.push(request.settle?.length ?? 0)
        return driver.claim(request)
      },
      settle(settlements) {
        sizes.push(settlements.length)
        return driver.settle(settlements)
      },
    }),
  })
  const outcomes = await queue.enqueueMany(Array.from({ length: 20 }, () => ({ task: large })))
  await worker.start()
  await clock.settle()
  assert.equal((await queue.counts('default')).completed, outcomes.length)
  assert.equal(Math.max(...sizes), 4)
})

/** A job that another process has enqueued. */
async function waitingJob({
  queue,
  store,
}: Pick<Process<never>, 'store'> & { readonly queue: Pick<TaskQueue, 'job'> }): Promise<Job> {
  const job = newJob()
  await memoryQueue({ store }).enqueue([job])
  return queue.job(job.id)
}

test('a task that waits for its progress while the backend is away ends when it is told to', async () => {
  const ends: unknown[] = []
  const task = defineTask({
    name: 'telling',
    timeout: '1s',
    maxRetries: 0,
    run: (_: number, ctx) =>
      ctx.progress(50).catch((error) => {
        ends.push(error, ctx.signal.reason)
        throw error
      }),
  })
  const wrap = (driver: QueueDriver): QueueDriver => ({ ...driver, progress: () => never })
  const { queue, clock, report } = await createRunning({ tasks: [task], wrap })
  const job = await queue.enqueue(task, 1)
  await clock.advance(1_000)
  assert.equal((ends[0] as TriportError).code, 'ERR_TASK_TIMEOUT')
  assert.equal(ends[0], ends[1])
  assert.ok(!report.stages().includes('task.overlap'))
  await clock.advance(20_000)
  assert.equal((await job.status()).state, 'failed')
})
