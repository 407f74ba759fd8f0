import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import { defineTask } from '../../../core/queue/task.js'
import { syncQueue } from '../../../drivers/memory/queue.js'
import { createProcess, createRunning } from './setup.js'
import { held, obedient, quick } from './tasks.js'

const end = async (job: { status(): Promise<{ state: string; reason?: string; attempts: number }> }) => {
  const { state, reason, attempts } = await job.status()
  return [state, reason, attempts]
}

test('an attempt is aborted at the deadline of its job, and the job fails without a retry', async () => {
  const { queue, clock } = await createRunning({ tasks: [obedient] })
  const job = await queue.enqueue(obedient, 1, { deadline: '30s' })
  await clock.advance(29_999)
  assert.equal((await job.status()).state, 'active')
  await clock.advance(1)
  assert.deepEqual(await end(job), ['failed', 'deadline', 1])
  await assert.rejects(job.result({ timeout: '1s' }), ({ cause }: { cause: { code: string } }) => {
    return cause.code === 'ERR_JOB_DEADLINE'
  })
})

test('timeout, grace and deadline are told apart', async () => {
  const { task, started } = held({ timeout: '10s', grace: '2s', deadline: '25s', maxRetries: 9 })
  const { queue, clock, report } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  const reasons = () => started.map(({ ctx }) => ctx.signal.reason?.code)
  await clock.advance(10_000)
  assert.deepEqual(reasons(), ['ERR_TASK_TIMEOUT'])
  await clock.advance(2_000) // Its grace is over,
  await clock.advance(1_000) // and so is the backoff: the second attempt has 12 s until the deadline.
  await clock.advance(10_000)
  assert.deepEqual(reasons(), ['ERR_TASK_TIMEOUT', 'ERR_TASK_TIMEOUT'])
  started[1]?.gate.open('too late')
  await clock.advance(2_000)
  assert.deepEqual(await end(job), ['failed', 'deadline', 2])
  assert.deepEqual(report.stages(), ['task.run', 'task.overlap', 'task.run'])
})

test('an attempt that returns after the deadline has failed, and one that ignores it has its grace', async () => {
  const { task, started } = held({ grace: '2s', deadline: '5s' })
  const { queue, clock } = await createRunning({ tasks: [task] })
  const [late, stubborn] = [await queue.enqueue(task, 1), await queue.enqueue(task, 2)]
  await clock.advance(5_000)
  started[0]?.gate.open('done')
  await clock.settle()
  assert.deepEqual(await end(late), ['failed', 'deadline', 1])
  assert.equal((await stubborn.status()).state, 'active')
  await clock.advance(2_000)
  assert.deepEqual(await end(stubborn), ['failed', 'deadline', 1])
})

test('a retry that would start after the deadline fails the job at once, with the error of the attempt', async () => {
  const flaky = defineTask({
    name: 'flaky',
    deadline: '5s',
    backoff: quick,
    run: () => Promise.reject(new Error('no')),
  })
  const { queue, clock } = await createRunning({ tasks: [flaky] })
  const job = await queue.enqueue(flaky, undefined, { maxRetries: 9 })
  await clock.advance(3_000) // 0, 1 and 3 s; the next one would start at 7 s.
  assert.deepEqual(await end(job), ['failed', 'deadline', 3])
  assert.equal((await job.status()).error?.message, 'no')
})

test('a retry that comes too late, because no worker was there, does not run', async () => {
  const flaky = defineTask({ name: 'flaky', backoff: quick, run: () => Promise.reject(new Error('no')) })
  const { queue, clock, worker } = await createRunning({ tasks: [flaky] })
  const job = await queue.enqueue(flaky, undefined, { deadline: '5s' })
  await clock.settle()
  await worker.stop()
  await clock.advance(5_000)
  await worker.start()
  await clock.settle()
  assert.deepEqual(await end(job), ['failed', 'deadline', 2])
  assert.equal((await job.status()).error?.code, 'ERR_JOB_DEADLINE')
})

test('deadline and expiry count from when the job is due, not from when it was enqueued', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  await queue.enqueue(task, 1, { delay: '1h', deadline: '10s', expiresIn: '1s' })
  await clock.advance(3_600_000)
  assert.equal(started.length, 1)
  await clock.advance(9_999)
  assert.equal(started[0]?.ctx.signal.aborted, false)
  await clock.advance(1)
  assert.equal(started[0]?.ctx.signal.reason.code, 'ERR_JOB_DEADLINE')
})

test('a job that waited too long for its first attempt is a dead letter, and did not run', async () => {
  const { task, started } = held()
  const { queue, clock, worker, report } = await createProcess({ tasks: [task] })
  const job = await queue.enqueue(task, 1, { expiresIn: '1m' })
  await clock.advance(60_001)
  await worker.start()
  await clock.settle()
  assert.deepEqual([await end(job), started.length], [['failed', 'expired', 1], 0])
  assert.equal((await job.status()).error?.code, 'ERR_JOB_EXPIRED')
  assert.deepEqual(report.stages(), ['worker.judge'])
})

test('a job that was begun in time does not expire when it is repeated', async () => {
  const flaky = defineTask({
    name: 'flaky',
    expiresIn: '1s',
    backoff: { delay: '1m', jitter: 0 },
    run(_: unknown, { attempt }) {
      if (attempt === 1) throw new Error('no')
      return attempt
    },
  })
  const { queue, clock } = await createRunning({ tasks: [flaky] })
  const job = await queue.enqueue(flaky)
  await clock.advance(60_000)
  assert.deepEqual(await end(job), ['completed', undefined, 2])
})

test('being put back does not prolong the time in the queue', async () => {
  const { task } = held()
  const fresh = defineTask({ name: 'fresh', expiresIn: '8s', run() {} })
  const old = await createRunning({ tasks: [task] })
  const job = await old.queue.enqueue(fresh)
  await old.clock.advance(7_000) // A worker that does not know the task has put it back, twice.
  await old.worker.stop()
  const { worker } = await createProcess({ tasks: [fresh], beside: old })
  await worker.start()
  await old.clock.advance(3_000)
  assert.deepEqual(await end(job), ['failed', 'expired', 1])
})

test('a redriven job has its deadline and its expiry anew', async () => {
  const { task, started } = held({ deadline: '5s' })
  const { queue, driver, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1, { expiresIn: '1s' })
  await clock.advance(20_000)
  assert.equal((await job.status()).state, 'failed')
  await driver.redrive([job.id])
  await clock.advance(4_999)
  assert.equal(started[1]?.ctx.signal.aborted, false)
})

test('input that the schema refuses at run time is dead without a retry', async () => {
  const before = defineTask({ name: 'resize', run() {} })
  const now = defineTask({ name: 'resize', input: z.object({ width: z.number() }), run() {} })
  const { queue, worker, clock } = await createProcess({ tasks: [now] })
  const job = await queue.enqueue(before as typeof now, { width: 'wide' } as never)
  await worker.start()
  await clock.settle()
  assert.deepEqual(await end(job), ['failed', 'invalid', 1])
})

test('input that a task refuses to another one is its own failure', async () => {
  const child = defineTask({ name: 'child', input: z.object({ width: z.number() }), run() {} })
  const parent = defineTask({ name: 'parent', run: (_: unknown, ctx) => ctx.enqueue(child, {} as never) })
  const { queue, clock } = await createRunning({ tasks: [parent, child] })
  const job = await queue.enqueue(parent)
  await clock.settle()
  assert.deepEqual(await end(job), ['failed', 'fatal', 1])
})

test('a job may have a backoff of its own, and takes the rest from its task', async () => {
  const times: number[] = []
  const flaky = defineTask({
    name: 'flaky',
    maxRetries: 2,
    backoff: { delay: '1s', factor: 3, jitter: 0 },
    run() {
      times.push(clock.now() - start)
      throw new Error('no')
    },
  })
  const { queue, clock } = await createRunning({ tasks: [flaky] })
  const start = clock.now()
  await queue.enqueue(flaky, undefined, { backoff: { delay: '5s' } })
  await clock.advance(60_000)
  assert.deepEqual(times, [0, 5_000, 20_000])
})

test('sync: a backoff that is not waited for misses no deadline', async () => {
  const flaky = defineTask({
    name: 'flaky',
    deadline: '1s',
    backoff: { delay: '1m' },
    run(_: unknown, { attempt }) {
      if (attempt < 3) throw new Error('no')
      return attempt
    },
  })
  const { queue } = await createRunning({ tasks: [flaky], driver: (store) => syncQueue({ store }) })
  assert.deepEqual(await end(await queue.enqueue(flaky)), ['completed', undefined, 3])
})

const wrong: readonly [options: object, message: RegExp][] = [
  [{ deadline: '0s' }, /deadline is 0/],
  [{ deadline: 5 }, /deadline is the bare number 5/],
  [{ expiresIn: '0s' }, /expiresIn is 0/],
  [{ backoff: '1s' }, /backoff is "1s"/],
  [{ backoff: null }, /backoff is null/],
  [{ backoff: { factor: 0 } }, /backoff\.factor is 0/],
  [{ backoff: { dealy: '1s' } }, /Did you mean "delay"/],
  [{ backoff: { max: 5 } }, /backoff\.max is the bare number 5/],
]
for (const [options, message] of wrong) {
  test(`enqueue refuses ${JSON.stringify(options)}`, async () => {
    const { queue } = await createProcess({ tasks: [obedient] })
    await assert.rejects(queue.enqueue(obedient, 1, options), { message })
  })
}
