import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { NewJob } from '../../core/ports/job.js'
import type { EnqueueOutcome, QueueDriver } from '../../core/ports/queue.js'
import { memoryQueue, memoryQueueStore, syncQueue } from '../../drivers/memory/queue.js'
import { done, newJob, only, settle, take } from '../conformance/queue/harness.js'

test('sync: enqueue waits for what follows what follows, also through a join', async () => {
  const { driver, enqueue } = await served()
  const call = enqueue([newJob(), newJob()])
  const [one, two] = await take(driver)
  assert.ok(one && two)
  const last = newJob()
  const join = (member: number) => ({ id: 'j', member, size: 2, keep: 1_000, next: [last] })
  await settle(driver, one, done, { join: join(0), enqueue: [newJob()] })
  await settle(driver, two, done, { join: join(1) })
  for (let left = 2; left > 0; left--) {
    assert.equal(await call.over(), false, `${left} left`)
    await settle(driver, only(await take(driver, { max: 1 })), done)
  }
  assert.equal((await call.outcomes).length, 2)
})

test('sync: enqueue waits for a job that exists when a follower hastens it', async () => {
  const store = memoryQueueStore()
  const { driver, enqueue } = await served(store)
  const whole = newJob({ delay: 60_000 })
  await memoryQueue({ store }).enqueue([whole])
  const call = enqueue([newJob()])
  const hastened = { ...whole, hasten: true as const }
  await settle(driver, only(await take(driver)), done, { enqueue: [hastened] })
  assert.equal(await call.over(), false)
  await settle(driver, only(await take(driver)), done)
  await call.outcomes
})

test('sync: enqueue does not wait for a follower that exists, or that a lock keeps out', async () => {
  const { driver, enqueue } = await served()
  const lock = { key: 'k', until: 'ended' } as const
  const [holder, kept] = [newJob({ lock }), newJob({ lock })]
  const first = enqueue([holder])
  const [active] = await take(driver)
  const second = enqueue([newJob()])
  await settle(driver, only(await take(driver)), done, { enqueue: [holder, kept] })
  await second.outcomes
  assert.deepEqual(await driver.enqueue([kept]), [{ id: holder.id, deduplicated: true }])
  assert.equal(await first.over(), false)
  assert.ok(active)
  await settle(driver, active, done)
  await first.outcomes
})

test('sync: enqueue does not wait for a follower whose queue nobody takes', async () => {
  const { driver, enqueue } = await served()
  const call = enqueue([newJob()])
  await settle(driver, only(await take(driver)), done, { enqueue: [newJob({ queue: 'elsewhere' })] })
  await call.outcomes
})

test('sync: a job that gives way to another lets go of its caller', async () => {
  const { driver, enqueue } = await served()
  const lock = { key: 'k', until: 'claimed', replace: { error: '"replaced"', keep: 1_000 } } as const
  const first = enqueue([newJob({ lock })])
  const second = enqueue([newJob({ lock })])
  await first.outcomes
  assert.equal(await second.over(), false)
  await settle(driver, only(await take(driver)), done)
  await second.outcomes
})

test('sync: whoever ends a job, its caller hears of it', async () => {
  const store = memoryQueueStore()
  const { driver, enqueue } = await served(store)
  const other = memoryQueue({ store })
  const [settled, cancelled] = [newJob(), newJob()]
  const calls = [enqueue([settled]), enqueue([cancelled])]
  await other.cancel([{ id: cancelled.id, error: '"e"', keep: 1_000, enqueue: [newJob()] }])
  await settle(other, only(await take(other, { max: 1 })), done)
  await calls[0]?.outcomes
  assert.equal(await calls[1]?.over(), false)
  await settle(driver, only(await take(driver)), done)
  await calls[1]?.outcomes
})

test('sync: a worker that stops lets go of those who wait for what follows', async () => {
  const { driver, enqueue, listener } = await served()
  const call = enqueue([newJob()])
  await settle(driver, only(await take(driver)), done, { enqueue: [newJob()] })
  assert.equal(await call.over(), false)
  await listener.close()
  await call.outcomes
})

test('sync: who only listens to events takes no jobs', async () => {
  const driver = syncQueue()
  await driver.listen({ queues: ['q'], signals: { event() {} } })
  await assert.rejects(driver.enqueue([newJob()]), { code: 'ERR_UNSUPPORTED' })
})

test('sync: nobody waits for a job that waits in a paused queue, and it runs when the queue is resumed', async () => {
  const { driver, enqueue } = await served()
  const begun = enqueue([newJob()])
  await take(driver)
  const early = enqueue([newJob()])
  assert.equal(await early.over(), false)
  await driver.pause('q', true)
  await early.outcomes
  await enqueue([newJob()]).outcomes
  assert.equal(await begun.over(), false)
  await driver.pause('q', false)
  assert.equal((await take(driver)).length, 2)
})

test('a listener that is closed twice counts once', async () => {
  const { driver, listener } = await served()
  await driver.listen({ queues: ['q'], signals: { wake() {} } })
  for (const _ of [1, 2]) await listener.close()
  const call = calling(driver.enqueue([newJob()]))
  assert.equal(await call.over(), false)
  await settle(driver, only(await take(driver)), done)
  await call.outcomes
})

async function served(store = memoryQueueStore()) {
  const driver: QueueDriver = syncQueue({ store })
  const listener = await driver.listen({ queues: ['q'], signals: { wake() {} } })
  return { driver, listener, enqueue: (jobs: readonly NewJob[]) => calling(driver.enqueue(jobs)) }
}

function calling(outcomes: Promise<readonly EnqueueOutcome[]>) {
  let over = false
  void outcomes.then(() => {
    over = true
  })
  return {
    outcomes,
    async over() {
      await turn()
      return over
    },
  }
}
