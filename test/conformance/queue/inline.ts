import assert from 'node:assert/strict'
import type { NewJob } from '../../../core/ports/job.js'
import type { EnqueueOutcome, QueueDriver } from '../../../core/ports/queue.js'
import { again, type Claim, done, failed, idsOf, newJob, only, read, released, settle, take } from './harness.js'

/** Drivers whose `enqueue` waits for its jobs, while a worker listens to their queue. */
export function inlineClaims(claim: Claim): void {
  claim('with supports.inline, enqueue resolves when all its jobs have ended', async ({ driver }) => {
    assert.equal(driver.supports.inline, true)
    const jobs = [newJob(), newJob()]
    const call = await enqueuing(driver, jobs)
    const [one, two] = await take(driver)
    assert.ok(one && two)
    assert.deepEqual([one.id, two.id], idsOf(jobs))
    await settle(driver, one, done)
    assert.equal(call.over, false)
    await settle(driver, two, failed)
    assert.deepEqual(
      await call.outcomes,
      jobs.map(({ id }) => ({ id, deduplicated: false })),
    )
  })

  claim('with supports.inline, jobs are due at once', async ({ driver }) => {
    const jobs = [newJob({ delay: 3_600_000 }), newJob({ runAt: Date.UTC(2100, 0) })]
    await enqueuing(driver, jobs)
    assert.deepEqual(idsOf(await take(driver)), idsOf(jobs))
  })

  claim('with supports.inline, groups bound nothing', async ({ driver }) => {
    const group = { key: 'g', limit: 1 }
    const [outer, inner] = [newJob({ group }), newJob({ group })]
    await enqueuing(driver, [outer])
    assert.equal(only(await take(driver)).id, outer.id)
    await enqueuing(driver, [inner])
    assert.equal(only(await take(driver)).id, inner.id)
  })

  claim('with supports.inline, a retry is due at once, and enqueue waits for it', async ({ driver }) => {
    const call = await enqueuing(driver, [newJob()])
    await settle(driver, only(await take(driver)), { ...again, delay: 3_600_000 })
    const second = only(await take(driver))
    assert.equal(call.over, false)
    await settle(driver, second, done)
    assert.equal((await call.outcomes).length, 1)
  })

  claim('with supports.inline, enqueue resolves when its job was put back', async ({ driver }) => {
    const job = newJob()
    const call = await enqueuing(driver, [job])
    await settle(driver, only(await take(driver)), released)
    await call.outcomes
    assert.equal((await read(driver, job.id)).state, 'waiting')
  })

  claim('with supports.inline, enqueue resolves when what follows its jobs has ended too', async ({ driver }) => {
    const [next, then] = [newJob({ delay: 3_600_000 }), newJob({ delay: 3_600_000 })]
    const call = await enqueuing(driver, [newJob()])
    const join = { id: 'join', member: 0, size: 1, keep: 60_000, next: [then] }
    await settle(driver, only(await take(driver)), done, { enqueue: [next], join })
    const following = await take(driver)
    assert.deepEqual(idsOf(following), idsOf([next, then]))
    for (const job of following) {
      assert.equal(call.over, false)
      await settle(driver, job, done)
    }
    await call.outcomes
  })

  claim('with supports.inline, an id that exists is not waited for', async ({ driver }) => {
    const job = newJob()
    await enqueuing(driver, [job])
    assert.deepEqual(await driver.enqueue([job]), [{ id: job.id, deduplicated: true }])
  })
}

interface Call {
  readonly outcomes: Promise<readonly EnqueueOutcome[]>
  /** Whether it has resolved. */
  readonly over: boolean
}

/** An `enqueue` under way, with a worker that can be woken. */
async function enqueuing(driver: QueueDriver, jobs: readonly NewJob[]): Promise<Call> {
  await driver.listen({ queues: ['q'], signals: { wake() {} } })
  let over = false
  const outcomes = driver.enqueue(jobs).finally(() => {
    over = true
  })
  return {
    outcomes,
    get over() {
      return over
    },
  }
}
