import assert from 'node:assert/strict'
import test from 'node:test'
import type { JobState } from '../../core/ports/job.js'
import type { QueueDriver } from '../../core/ports/queue.js'
import { memoryQueue } from '../../drivers/memory/queue.js'
import { done, idsOf, leaseOf, newJob, settle, take } from '../conformance/queue/harness.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'

test('list: each of many jobs once, while jobs are claimed, put back, ended and added', async () => {
  const driver = memoryQueue()
  const jobs = Array.from({ length: 5_000 }, (_, n) => newJob({ priority: n % 7, delay: n % 2 ? 3_600_000 : 0 }))
  await driver.enqueue(jobs)
  const seen: string[] = []
  for await (const id of pages(driver, 'delayed')) {
    seen.push(id)
    if (seen.length % 100 !== 0) continue
    const [one, two] = await take(driver, { max: 2 })
    if (one) await settle(driver, one, done)
    if (two) await settle(driver, two, { type: 'retry', delay: 0, error: '"e"' })
    await driver.enqueue([newJob()])
  }
  assert.deepEqual(seen, idsOf(jobs.filter(({ delay }) => delay > 0)))
})

test('list: ended jobs go on where they were, though the last one that was given is gone', async () => {
  const driver = memoryQueue()
  const ids = await endedJobs(driver, 300)
  const seen: string[] = []
  for await (const id of pages(driver, 'completed')) {
    seen.push(id)
    await driver.remove([id])
    if (seen.length % 50 === 0) await endedJobs(driver, 3)
  }
  assert.deepEqual(seen, ids.reverse())
})

test('list: a page looks at a bounded number of jobs, and says that there are more', async () => {
  const driver = memoryQueue()
  await driver.enqueue(Array.from({ length: 15_000 }, () => newJob({ task: 'common' })))
  const rare = newJob({ task: 'rare' })
  await driver.enqueue([rare])
  const first = await driver.list({ queue: 'q', state: 'waiting', task: 'rare', max: 1 })
  assert.deepEqual(first.jobs, [])
  assert.ok(first.next)
  const second = await driver.list({ queue: 'q', state: 'waiting', task: 'rare', max: 1, cursor: first.next })
  assert.deepEqual([idsOf(second.jobs), second.next], [[rare.id], undefined])
})

test('redrive and remove keep the order of those that stay', async () => {
  const driver = memoryQueue()
  const failed = { type: 'failed', error: '"e"', reason: 'fatal', keep: 60_000 } as const
  await driver.enqueue(Array.from({ length: 1_000 }, () => newJob()))
  const claimed = await take(driver, { max: 1_000 })
  await driver.settle(claimed.map((job) => ({ ...leaseOf(job), outcome: failed })))
  const ids = idsOf(claimed)
  await driver.redrive(ids.filter((_, n) => n % 3 === 0))
  await driver.remove(ids.filter((_, n) => n % 3 === 1))
  const left: string[] = []
  for await (const id of pages(driver, 'failed')) left.push(id)
  assert.deepEqual(left, ids.filter((_, n) => n % 3 === 2).reverse())
  assert.deepEqual(
    idsOf(await take(driver, { max: 1_000 })),
    ids.filter((_, n) => n % 3 === 0),
  )
})

test('counts: records that have expired are never counted, whatever the order of their times', async () => {
  const clock = createFakeClock()
  const driver = memoryQueue()
  await driver.start?.(driverContext({ clock }))
  const keeps = Array.from({ length: 200 }, (_, n) => 1 + ((n * 37) % 101))
  for (const keep of keeps) {
    await driver.enqueue([newJob()])
    for (const job of await take(driver)) await settle(driver, job, { ...done, keep })
  }
  for (let passed = 0; passed <= 101; passed += 10) {
    const { completed } = await driver.counts('q')
    assert.equal(completed, keeps.filter((keep) => keep > passed).length)
    await clock.advance(10)
  }
})

/** The ids of all jobs in a state, page by page. */
async function* pages(driver: QueueDriver, state: JobState): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const page = await driver.list({ queue: 'q', state, max: 30, ...(cursor === undefined ? {} : { cursor }) })
    yield* idsOf(page.jobs)
    cursor = page.next
  } while (cursor !== undefined)
}

/** In the order in which they ended. */
async function endedJobs(driver: QueueDriver, count: number): Promise<string[]> {
  await driver.enqueue(Array.from({ length: count }, () => newJob()))
  const claimed = await take(driver, { max: count })
  for (const job of claimed) await settle(driver, job, done)
  return idsOf(claimed)
}
