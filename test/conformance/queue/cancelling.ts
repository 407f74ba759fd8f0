import assert from 'node:assert/strict'
import { type Claim, done, leaseOf, listening, newJob, read, settle, started, take } from './harness.js'

const how = { error: '"cancelled"', keep: 60_000 }

/** Cancelling jobs, waiting and active. */
export function cancellingClaims(claim: Claim): void {
  claim('cancel ends waiting and delayed jobs at once', async ({ driver, advance }) => {
    const jobs = [newJob(), newJob({ delay: 1_000 })]
    await driver.enqueue(jobs)
    assert.deepEqual(
      await driver.cancel(
        jobs.map(({ id }) => id),
        how,
      ),
      ['cancelled', 'cancelled'],
    )
    await advance(2_000)
    assert.deepEqual(await take(driver), [])
    for (const { id } of jobs) {
      const { state, error } = await read(driver, id)
      assert.deepEqual([state, error], ['cancelled', '"cancelled"'])
    }
  })

  claim('cancel answers in the order of the ids: requested, finished, unknown', async ({ driver }) => {
    const ended = await started(driver)
    await settle(driver, ended, done)
    const active = await started(driver)
    const replies = await driver.cancel([active.id, ended.id, 'unknown'], how)
    assert.deepEqual(replies, ['requested', 'finished', 'unknown'])
    assert.equal((await read(driver, ended.id)).state, 'completed')
  })

  claim('a request to cancel is seen by extend, in the record and as a signal', async ({ driver, second }) => {
    const job = await started(driver)
    const { listener, heard } = await listening(driver)
    const other = second ? await second() : driver
    assert.deepEqual(await other.cancel([job.id], how), ['requested'])
    await heard('cancel', job.id)
    assert.deepEqual(await driver.extend([leaseOf(job)], 30_000), ['cancelled'])
    const { state, cancelRequested } = await read(driver, job.id)
    assert.deepEqual([state, cancelRequested], ['active', true])
    await listener.close()
  })

  claim('a job whose cancellation was requested may still complete', async ({ driver }) => {
    const job = await started(driver)
    await driver.cancel([job.id], how)
    assert.equal(await settle(driver, job, done), 'settled')
    assert.equal((await read(driver, job.id)).state, 'completed')
  })

  for (const outcome of [
    { type: 'retry', delay: 0, error: '"e"' },
    { type: 'released', delay: 0 },
  ] as const) {
    claim(
      `a job whose cancellation was requested MUST end cancelled when it is ${outcome.type}`,
      async ({ driver }) => {
        const job = await started(driver)
        await driver.cancel([job.id], how)
        assert.equal(await settle(driver, job, outcome), 'cancelled')
        const { state, error } = await read(driver, job.id)
        assert.deepEqual([state, error], ['cancelled', '"cancelled"'])
        assert.deepEqual(await take(driver), [])
      },
    )
  }

  claim(
    'a job whose cancellation was requested MUST NOT be claimed again when its lease lapses',
    async ({ driver, advance }) => {
      const job = await started(driver)
      await driver.cancel([job.id], how)
      await advance(31_000)
      assert.deepEqual(await take(driver), [])
      assert.equal((await read(driver, job.id)).state, 'cancelled')
    },
  )
}
