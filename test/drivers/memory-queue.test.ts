import assert from 'node:assert/strict'
import test from 'node:test'
import { memoryQueue, memoryQueueStore } from '../../drivers/memory/queue.js'
import { newJob, take } from '../conformance/queue/harness.js'
import { queueConformance } from '../conformance/queue/index.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'

queueConformance({
  test,
  async create() {
    const clock = createFakeClock()
    const store = memoryQueueStore()
    const start = async () => {
      const driver = memoryQueue({ store })
      await driver.start?.(driverContext({ clock }))
      return driver
    }
    return { driver: await start(), clock, advance: clock.advance, second: start, async stop() {} }
  },
})

test('memory: 100,000 delayed jobs come in the order in which they become due', async () => {
  const clock = createFakeClock()
  const driver = memoryQueue()
  await driver.start?.(driverContext({ clock }))
  const jobs = Array.from({ length: 100_000 }, (_, n) => newJob({ delay: 1 + ((n * 7_919) % 100_003) }))
  await driver.enqueue(jobs)
  await driver.cancel(jobs.filter((_, n) => n % 3 === 0).map(({ id }) => ({ id, error: '"e"', keep: 0 })))
  await clock.advance(100_004)
  const { jobs: claimed } = await driver.claim({ queue: 'q', max: 100_000, lease: 1_000, worker: 'w' })
  assert.equal(claimed.length, 66_666)
  assert.ok(claimed.every(({ dueAt }, n) => n === 0 || dueAt >= Number(claimed[n - 1]?.dueAt)))
})

test('memory: many priorities do not slow down those that are in use', async () => {
  const driver = memoryQueue()
  await driver.enqueue(Array.from({ length: 10_000 }, (_, n) => newJob({ priority: n })))
  const claimed = await take(driver, { max: 10_000 })
  assert.deepEqual(
    claimed.map(({ priority }) => priority),
    Array.from({ length: 10_000 }, (_, n) => 9_999 - n),
  )
})

test('memory: listeners of a driver are closed with it', async () => {
  const store = memoryQueueStore()
  const [one, two] = [memoryQueue({ store }), memoryQueue({ store })]
  const woken: string[] = []
  await one.listen({ queues: ['q'], signals: { wake: (queue) => void woken.push(queue) } })
  await two.enqueue([newJob()])
  await one.stop?.()
  await two.enqueue([newJob()])
  assert.deepEqual(woken, ['q'])
})
