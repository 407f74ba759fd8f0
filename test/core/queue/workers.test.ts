import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import { defineTask } from '../../../core/queue/task.js'
import { version } from '../../../core/version.js'
import { gate } from '../../kit/spy.js'
import { createProcess, createRunning } from './setup.js'
import { held } from './tasks.js'

const start = Date.UTC(2026, 0, 1)
const down = new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')
const never = new Promise<never>(() => {})

test('a worker announces itself, and every process sees it', async () => {
  const { task } = held()
  const worker = await createRunning({ tasks: [task], worker: { concurrency: 3 }, id: 'a' })
  const web = await createProcess({ beside: worker })
  await worker.queue.enqueue(task, 1)
  await worker.clock.advance(5_000)
  assert.deepEqual(await web.queue.workers(), [
    {
      id: 'a',
      state: 'alive',
      host: { name: 'here', pid: 1 },
      service: { name: 'test' },
      version,
      queues: ['default'],
      running: 1,
      concurrency: 3,
      startedAt: new Date(start),
      lastClaimAt: new Date(start + 5_000),
      seenAt: new Date(start + 5_000),
    },
  ])
})

test('times of a worker are told on the server clock, whatever its own says', async () => {
  const { task } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  clock.jump(3_600_000)
  await clock.advance(5_000)
  const [worker] = await queue.workers()
  assert.equal(worker?.startedAt.getTime(), (worker?.seenAt.getTime() ?? 0) - 5_000)
})

test('a worker is taken out of the list when it has stopped, and says before that it stops', async () => {
  const { task, started } = held()
  const { queue, clock, worker } = await createRunning({ tasks: [task] })
  await queue.enqueue(task, 1)
  await clock.settle()
  const stopped = worker.stop()
  await clock.settle()
  assert.equal((await queue.workers())[0]?.state, 'stopping')
  started[0]?.gate.open('done')
  await stopped
  assert.deepEqual(await queue.workers(), [])
})

test('a worker that was killed is listed for 15 seconds', async () => {
  const { task } = held()
  const killed = await createRunning({ tasks: [task], wrap: (driver) => ({ ...driver, announceWorker: once(driver) }) })
  const { queue } = await createProcess({ beside: killed })
  await killed.clock.advance(14_999)
  assert.equal((await queue.workers()).length, 1)
  await killed.clock.advance(1)
  assert.equal((await queue.workers()).length, 0)
})

test('a worker that is up and does not get to claim is stalled', async () => {
  const { task } = held()
  let away = false
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({ ...driver, claim: (request) => (away ? Promise.reject(down) : driver.claim(request)) }),
  })
  const state = async () => (await queue.workers())[0]?.state
  away = true
  await clock.advance(10_000)
  assert.equal(await state(), 'alive')
  await clock.advance(5_000)
  assert.equal(await state(), 'stalled')
  away = false
  await clock.advance(10_000)
  assert.equal(await state(), 'alive')
})

test('a worker that has never claimed is stalled after a while, and one without tasks has nothing to claim', async () => {
  const { task } = held()
  const hung = await createRunning({ tasks: [task], wrap: (driver) => ({ ...driver, claim: () => never }), id: 'hung' })
  await createRunning({ tasks: [], beside: hung, id: 'idle' })
  await hung.clock.advance(15_000)
  const workers = await hung.queue.workers()
  assert.deepEqual(
    workers.map(({ id, state }) => [id, state]),
    [
      ['hung', 'stalled'],
      ['idle', 'alive'],
    ],
  )
  assert.ok(workers.every(({ lastClaimAt }) => lastClaimAt === undefined))
})

test('a worker whose places are all taken is alive, until those who have them ignore that their time is up', async () => {
  const { task, started } = held({ timeout: '60s', grace: '5s' })
  const { queue, clock } = await createRunning({ tasks: [task], worker: { concurrency: 1 } })
  const state = async () => (await queue.workers())[0]?.state
  await queue.enqueue(task, 1)
  await clock.advance(60_000)
  assert.equal(await state(), 'alive')
  await clock.advance(20_000)
  assert.equal(await state(), 'stalled')
  started[0]?.gate.open('at last')
  await clock.advance(5_000)
  assert.equal(await state(), 'alive')
})

test('an announcement that fails or hangs is reported and harms no job', async () => {
  const answer = gate()
  const calls = [() => Promise.reject(down), () => answer.promise, () => Promise.resolve()]
  const echo = defineTask({ name: 'echo', run: (n: number) => n })
  const { queue, clock, report, worker } = await createRunning({
    tasks: [echo],
    wrap: (driver) => ({ ...driver, announceWorker: () => calls.shift()?.() ?? Promise.resolve() }),
  })
  await clock.advance(10_000)
  assert.equal(await (await queue.enqueue(echo, 1)).result({ timeout: '1s' }), 1)
  assert.deepEqual(report.stages(), ['worker.announce', 'worker.announce'])
  await worker.stop()
  await queue.close()
  assert.equal(clock.timers, 0)
})

test('an announcement that is under way when the worker stops does not outlive it', async () => {
  const answer = gate()
  let slow = false
  const { task } = held()
  const { queue, clock, worker } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async announceWorker(record) {
        if (slow) await answer.promise
        await driver.announceWorker(record)
      },
    }),
  })
  slow = true
  const stopped = worker.stop()
  await clock.settle()
  answer.open()
  await stopped
  assert.deepEqual(await queue.workers(), [])
})

test('what something else has announced is left out', async () => {
  const { driver, queue } = await createProcess()
  for (const [id, info] of [
    ['a', 'no json'],
    ['b', 'null'],
    ['c', '{}'],
  ] as const) {
    await driver.announceWorker({ id, info, ttl: 1_000 })
  }
  assert.deepEqual(await queue.workers(), [])
})

/** Lets only the first announcement through. */
function once(driver: { announceWorker(worker: never): Promise<void> }) {
  let calls = 0
  return (worker: never) => (calls++ === 0 ? driver.announceWorker(worker) : Promise.resolve())
}
