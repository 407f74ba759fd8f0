import assert from 'node:assert/strict'
import { type Claim, done, idsOf, listening, near, newJob, only, pair, read, settle, started, take } from './harness.js'

/** Delayed jobs: when they are due, and how they become due sooner. */
export function delayingClaims(claim: Claim): void {
  claim('enqueuing with hasten MUST make a delayed job of that id due at once', async (harness) => {
    const [driver, other] = await pair(harness)
    const job = newJob({ delay: 60_000, payload: '1' })
    await driver.enqueue([job])
    const hasten = { ...job, payload: '2', priority: 9, hasten: true } as const
    assert.deepEqual(await other.enqueue([hasten]), [{ id: job.id, deduplicated: true }])
    assert.equal((await read(driver, job.id)).state, 'waiting')
    const { payload, priority, deliveries } = only(await take(driver))
    assert.deepEqual([payload, priority, deliveries], ['1', 0, 1], 'nothing else of it changes')
  })

  claim('a job that waits for its retry is hastened too', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, { type: 'retry', delay: 60_000, error: '"e"' })
    await driver.enqueue([newJob({ id: job.id, hasten: true })])
    assert.equal(only(await take(driver)).deliveries, 2)
  })

  claim('hasten wakes the queue', async (harness) => {
    const [driver, other] = await pair(harness)
    const job = newJob({ delay: 60_000 })
    await driver.enqueue([job])
    const { listener, heard } = await listening(driver)
    await other.enqueue([{ ...job, hasten: true }])
    await heard('wake', 'q')
    await listener.close()
  })

  claim('hasten leaves jobs alone that are not delayed', async ({ driver }) => {
    const [ended, active] = [await started(driver), await started(driver)]
    await settle(driver, ended, done)
    const waiting = newJob()
    await driver.enqueue([waiting])
    const before = await driver.get([ended.id, active.id, waiting.id])
    const jobs = before.map((job) => newJob({ id: String(job?.id), hasten: true }))
    for (const { deduplicated } of await driver.enqueue(jobs)) assert.equal(deduplicated, true)
    assert.deepEqual(await driver.get(idsOf(jobs)), before)
  })

  claim('with hasten, a job of an unknown id is stored as any other', async ({ driver }) => {
    const job = newJob({ delay: 60_000, hasten: true })
    assert.deepEqual(await driver.enqueue([job]), [{ id: job.id, deduplicated: false }])
    assert.equal((await read(driver, job.id)).state, 'delayed')
  })

  claim('of two calls at once with hasten, one stores a job and the other makes it due', async (harness) => {
    const drivers = await pair(harness)
    const jobs = Array.from({ length: 10 }, (_, place) => {
      const lock = place % 2 === 0 ? {} : { lock: { key: `${place}`, until: 'ended' } as const }
      return newJob({ delay: 60_000, hasten: true, ...lock })
    })
    const calls = jobs.map((job) => Promise.all(drivers.map((driver) => driver.enqueue([job]))))
    for (const outcomes of await Promise.all(calls)) {
      assert.deepEqual(outcomes.map((each) => only(each).deduplicated).sort(), [false, true])
    }
    for (const { id } of jobs) assert.equal((await read(drivers[0], id)).state, 'waiting')
  })

  claim('without hasten, enqueuing leaves a delayed job of that id as it is', async ({ driver }) => {
    const job = newJob({ delay: 60_000 })
    await driver.enqueue([job])
    const before = await read(driver, job.id)
    const more = [job, newJob({ id: job.id }), newJob({ hasten: true })]
    assert.deepEqual(
      (await driver.enqueue(more)).map(({ deduplicated }) => deduplicated),
      [true, true, false],
    )
    assert.deepEqual(await read(driver, job.id), before)
  })

  claim('a retry is the next job that is due', async ({ driver }) => {
    const settlement = { ...(await started(driver)), outcome: { type: 'retry', delay: 60_000, error: '"e"' } } as const
    const { queue, id, token, outcome } = settlement
    const claimed = { queue: 'q', max: 1, lease: 30_000, worker: 'w', settle: [{ queue, id, token, outcome }] }
    near((await driver.claim(claimed)).nextDue, 60_000)
  })

  claim('a claim that is full does not say when the next job is due', async ({ driver }) => {
    await driver.enqueue([newJob(), newJob({ delay: 60_000 })])
    const { jobs, nextDue } = await driver.claim({ queue: 'q', max: 1, lease: 30_000, worker: 'w' })
    assert.deepEqual([jobs.length, nextDue], [1, undefined])
  })
}
