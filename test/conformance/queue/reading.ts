import assert from 'node:assert/strict'
import { type Claim, done, listening, newJob, only, read, settle, started, take } from './harness.js'

/** Retention, counts and signals. */
export function readingClaims(claim: Claim): void {
  claim(
    'records of ended jobs MUST be readable for keep and MUST be gone when it has passed',
    async ({ driver, advance }) => {
      const [short, long] = [await started(driver), await started(driver)]
      await settle(driver, short, { ...done, keep: 10_000 })
      await settle(driver, long, { ...done, keep: 60_000 })
      await advance(9_000)
      assert.equal((await read(driver, short.id)).result, '"done"')
      await advance(2_000)
      const [gone, kept] = await driver.get([short.id, long.id])
      assert.deepEqual([gone, kept?.state], [undefined, 'completed'])
    },
  )

  claim('an id may be used again once its record is gone', async ({ driver, advance }) => {
    const job = await started(driver)
    await settle(driver, job, { ...done, keep: 1_000 })
    await advance(2_000)
    assert.equal(only(await driver.enqueue([newJob({ id: job.id, payload: '"new"' })])).deduplicated, false)
    assert.equal(only(await take(driver)).payload, '"new"')
  })

  claim('a record with a keep of 0 is gone at once', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, { ...done, keep: 0 })
    assert.deepEqual(await driver.get([job.id]), [undefined])
  })

  claim('counts say how many jobs of a queue are in each state', async ({ driver }) => {
    const none = { waiting: 0, delayed: 0, active: 0, completed: 0, failed: 0, cancelled: 0 }
    assert.deepEqual(await driver.counts('q'), none)
    await settle(driver, await started(driver), done)
    await settle(driver, await started(driver), { type: 'failed', error: '"e"', reason: 'exhausted', keep: 60_000 })
    await settle(driver, await started(driver), { type: 'cancelled', error: '"e"', keep: 60_000 })
    await settle(driver, await started(driver), { type: 'retry', delay: 60_000, error: '"e"' })
    await started(driver)
    await driver.enqueue([newJob(), newJob(), newJob({ delay: 60_000 }), newJob({ queue: 'other' })])
    assert.deepEqual(await driver.counts('q'), {
      waiting: 2,
      delayed: 2,
      active: 1,
      completed: 1,
      failed: 1,
      cancelled: 1,
    })
  })

  claim('counts leave out the records that are gone', async ({ driver, advance }) => {
    for (const keep of [0, 10_000, 60_000]) await settle(driver, await started(driver), { ...done, keep })
    assert.equal((await driver.counts('q')).completed, 2)
    await advance(11_000)
    assert.equal((await driver.counts('q')).completed, 1)
    await advance(50_000)
    assert.equal((await driver.counts('q')).completed, 0)
  })

  claim('listen MUST resolve when signals will arrive: an enqueue wakes its queue', async ({ driver, second }) => {
    const { listener, heard } = await listening(driver, ['q'])
    await (second ? await second() : driver).enqueue([newJob()])
    await heard('wake', 'q')
    await listener.close()
  })

  claim('a retry and a release wake their queue', async ({ driver }) => {
    for (const outcome of [
      { type: 'retry', delay: 0, error: '"e"' },
      { type: 'released', delay: 0 },
    ] as const) {
      const job = await started(driver)
      const { listener, heard } = await listening(driver, ['q'])
      await settle(driver, job, outcome)
      await heard('wake', 'q')
      await listener.close()
      await settle(driver, only(await take(driver)), done)
    }
  })

  claim('a settlement that enqueues wakes the queues of the new jobs', async ({ driver }) => {
    const job = await started(driver)
    const { listener, heard } = await listening(driver, ['next'])
    await settle(driver, job, done, { enqueue: [newJob({ queue: 'next' })] })
    await heard('wake', 'next')
    await listener.close()
  })

  claim('a watched job that ends is told, whoever settles it', async ({ driver, second }) => {
    const other = second ? await second() : driver
    const jobs = [await started(other), await started(other)]
    const waiting = newJob()
    await driver.enqueue([waiting])
    const { listener, heard } = await listening(driver, [])
    await listener.watch([...jobs.map(({ id }) => id), waiting.id])
    await settle(other, only(jobs.slice(0, 1)), done)
    await settle(other, only(jobs.slice(1)), { type: 'failed', error: '"e"', reason: 'exhausted', keep: 60_000 })
    await other.cancel([{ id: waiting.id, error: '"c"', keep: 60_000 }])
    for (const { id } of [...jobs, waiting]) await heard('settled', id)
    await listener.close()
  })

  claim('watch MUST name each job that has ended or is unknown', async ({ driver }) => {
    const { listener } = await listening(driver, [])
    const jobs = [await started(driver), await started(driver)]
    const [ended, brief] = jobs.map(({ id }) => id) as [string, string]
    await settle(driver, only(jobs.slice(0, 1)), done)
    await settle(driver, only(jobs.slice(1)), { ...done, keep: 0 })
    const unknown = newJob().id
    const live = await started(driver)
    const named = await listener.watch([live.id, ended, brief, unknown])
    assert.deepEqual(
      named.filter((id) => id !== live.id),
      [ended, brief, unknown],
    )
    assert.deepEqual([...(await listener.watch([ended]))], [ended], 'again')
    await listener.close()
  })

  claim('a job watched twice is told until it was unwatched twice', async ({ driver }) => {
    const { listener, heard } = await listening(driver, [])
    const job = await started(driver)
    await listener.watch([job.id])
    await listener.watch([job.id])
    listener.unwatch([job.id])
    await settle(driver, job, done)
    await heard('settled', job.id)
    await listener.close()
  })
}
