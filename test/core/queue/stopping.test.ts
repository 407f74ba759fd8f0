import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { createRuntime } from '../../../drivers/index.js'
import { memoryQueue } from '../../../drivers/memory/queue.js'
import { createFakeClock } from '../../kit/clock.js'
import { gate, spy } from '../../kit/spy.js'
import { createRunning } from './setup.js'
import { held, quick } from './tasks.js'

const down = new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')
const never = new Promise<never>(() => {})

test('of a hundred jobs that run at a stop, each is done once or goes back at no attempt', async () => {
  const ran = spy<[number]>()
  const mixed = defineTask({
    name: 'mixed',
    backoff: quick,
    run: (n: number, { signal }) =>
      new Promise<void>((resolve, reject) => {
        ran(n)
        if (n % 2 === 0) clock.after(n * 100, resolve)
        else signal.addEventListener('abort', () => reject(signal.reason))
      }),
  })
  const one = await createRunning({ tasks: [mixed], worker: { concurrency: 100, stopTimeout: '5s' } })
  const { clock, queue } = one
  const jobs = await Promise.all(Array.from({ length: 120 }, (_, n) => queue.enqueue(mixed, n)))
  await clock.settle()
  const stopped = one.worker.stop()
  await clock.advance(10_000)
  await stopped
  const statuses = await Promise.all(jobs.map((job) => job.status()))
  const done = statuses.filter(({ state }) => state === 'completed').length
  assert.equal(done, 31, 'those that end within 5 s, and the second after the abort')
  assert.ok(statuses.every(({ state, attempts }) => (state === 'completed' ? attempts === 1 : attempts === 0)))
  assert.equal((await queue.counts('default')).waiting, 120 - done)
  assert.equal(ran.calls.length, 100, 'the jobs that were waiting never began')
})

test('a worker that stops keeps the leases of what still runs', async () => {
  const { task, started } = held()
  const worker = { lease: '3s', stopTimeout: '60s' } as const
  const one = await createRunning({ tasks: [task], worker })
  const job = await one.queue.enqueue(task, 1)
  await one.clock.settle()
  await createRunning({ tasks: [task], worker, beside: one, id: 'other' })
  const stopped = one.worker.stop()
  await one.clock.advance(30_000)
  started[0]?.gate.open('done')
  await stopped
  assert.deepEqual([(await job.status()).state, (await job.status()).attempts, started.length], ['completed', 1, 1])
})

test('a job that runs while the worker stops may enqueue others', async () => {
  const child = defineTask({ name: 'child', run() {} })
  const parent = defineTask({
    name: 'parent',
    async run(_: undefined, ctx) {
      await going.promise
      return (await ctx.enqueue(child)).id
    },
  })
  const going = gate()
  const { queue, clock, worker } = await createRunning({ tasks: [parent, child] })
  const job = await queue.enqueue(parent)
  await clock.settle()
  const stopped = worker.stop()
  going.open()
  await stopped
  const { result } = await job.status()
  assert.equal((await queue.getResult(String(result))).state, 'waiting')
})

test('the last settlements are sent again when that fails', async () => {
  const { task, started } = held()
  const settles = spy()
  const { queue, clock, worker } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async settle(settlements) {
        settles()
        if (settles.calls.length < 3) throw down
        return driver.settle(settlements)
      },
    }),
  })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  const stopped = worker.stop()
  await clock.advance(10_000)
  started[0]?.gate.fail(new Error('aborted'))
  await stopped
  assert.deepEqual([(await job.status()).state, settles.calls.length], ['waiting', 3])
})

test('when the last settlements cannot be sent, stop says so, and everything is closed all the same', async () => {
  const { task, started } = held()
  const closed = spy()
  const { queue, clock, worker, driver } = await createRunning({
    tasks: [task],
    wrap: (inner) => ({
      ...inner,
      settle: () => Promise.reject(down),
      async listen(options) {
        const listener = await inner.listen(options)
        return { ...listener, close: async () => void closed() }
      },
    }),
  })
  await queue.enqueue(task, 1)
  await clock.settle()
  const stopped = assert.rejects(worker.stop(), { code: 'ERR_DRIVER_UNAVAILABLE' })
  started[0]?.gate.open('done')
  await clock.advance(5_000)
  await stopped
  assert.deepEqual([closed.calls.length, await driver.workers(), clock.timers], [1, [], 0])
})

test('a stop does not wait for the pause after a failed claim', async () => {
  const { task } = held()
  const { clock, worker } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({ ...driver, claim: () => Promise.reject(down) }),
  })
  await clock.advance(30_000)
  await worker.stop()
  assert.equal(clock.timers, 0)
})

for (const call of ['close', 'withdrawWorker', 'announceWorker'] as const) {
  test(`a worker stops though ${call} is never answered`, async () => {
    const { task } = held()
    let hangs = false
    const hanging = (name: string) => hangs && name === call
    const { clock, worker } = await createRunning({
      tasks: [task],
      wrap: (driver) => ({
        ...driver,
        announceWorker: (record) => (hanging('announceWorker') ? never : driver.announceWorker(record)),
        withdrawWorker: (id) => (hanging('withdrawWorker') ? never : driver.withdrawWorker(id)),
        async listen(options) {
          const listener = await driver.listen(options)
          return { ...listener, close: () => (hanging('close') ? never : listener.close()) }
        },
      }),
    })
    hangs = true
    const stopped = worker.stop()
    await clock.advance(10_000)
    await stopped
    assert.equal(clock.timers, 0)
  })
}

test('a runtime stops in order: no more claims, what ran is settled, the worker leaves, the driver is closed last', async () => {
  const { task, started } = held()
  const [clock, inner] = [createFakeClock(), memoryQueue()]
  const calls: string[] = []
  function noted<A extends unknown[], R>(name: string, call: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      calls.push(name)
      return call(...args)
    }
  }
  const driver: QueueDriver = {
    ...inner,
    claim: noted('claim', inner.claim),
    settle: noted('settle', inner.settle),
    withdrawWorker: noted('withdraw', inner.withdrawWorker),
    stop: noted('stop', async () => {}),
  }
  const runtime = createRuntime({ tasks: [task], queue: driver, worker: true, clock, log: () => {}, report: () => {} })
  await runtime.start()
  const job = await runtime.queue.enqueue(task, 1)
  await clock.settle()
  calls.length = 0
  const stops = [runtime.stop(), runtime.stop()] // As when SIGTERM comes twice.
  await clock.advance(5_000)
  started[0]?.gate.open('done')
  await Promise.all(stops)
  assert.deepEqual(calls, ['settle', 'withdraw', 'stop'])
  assert.deepEqual((await inner.get([job.id]))[0]?.state, 'completed')
  assert.equal(clock.timers, 0)
})
