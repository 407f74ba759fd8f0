import assert from 'node:assert/strict'
import { keptFailures } from '../../../core/ports/job.js'
import {
  again,
  type Claim,
  cancelled,
  done,
  failed,
  idsOf,
  leaseOf,
  listening,
  newJob,
  only,
  pair,
  read,
  released,
  settle,
  started,
  take,
} from './harness.js'

/** What is remembered of failed attempts, and what may become of failed jobs. */
export function deadLetterClaims(claim: Claim): void {
  claim('a record tells of each attempt that was settled as retry or failed, oldest first', async ({ driver }) => {
    const first = await started(driver)
    await settle(driver, first, { ...again, error: '"one"' })
    await settle(driver, only(await take(driver)), released)
    const second = only(await take(driver))
    await settle(driver, second, { ...failed, error: '"two"' })
    const { failures, error, reason } = await read(driver, first.id)
    assert.deepEqual([error, reason], ['"two"', 'exhausted'])
    assert.deepEqual(
      failures.map(({ delivery, error }) => [delivery, error]),
      [
        [1, '"one"'],
        [2, '"two"'],
      ],
    )
    const [one, two] = failures
    assert.ok(one && two && first.claimedAt <= one.at && one.at <= second.claimedAt && second.claimedAt <= two.at)
  })

  claim('a record keeps the failures of a job that completes, and no cancellation', async ({ driver }) => {
    for (const outcome of [done, cancelled]) {
      const job = await started(driver)
      assert.deepEqual((await read(driver, job.id)).failures, [])
      await settle(driver, job, again)
      await settle(driver, only(await take(driver)), outcome)
      assert.equal((await read(driver, job.id)).failures.length, 1, outcome.type)
    }
  })

  claim('a record keeps the newest failures only', async ({ driver }) => {
    const job = newJob()
    await driver.enqueue([job])
    for (let n = 0; n < keptFailures + 2; n++) await settle(driver, only(await take(driver)), again)
    const { failures } = await read(driver, job.id)
    assert.deepEqual(
      failures.map(({ delivery }) => delivery),
      Array.from({ length: keptFailures }, (_, n) => n + 3),
    )
  })

  claim('redrive MUST make a failed job due at once, as if it were new', async ({ driver, advance }) => {
    const job = newJob({ delay: 1_000, priority: 3 })
    await driver.enqueue([job])
    await advance(2_000)
    await settle(driver, only(await take(driver)), again)
    await settle(driver, only(await take(driver)), failed)
    const before = await read(driver, job.id)
    await advance(10_000)
    assert.deepEqual(await driver.redrive([job.id]), ['redriven'])
    const record = await read(driver, job.id)
    const { state, deliveries, error, reason, startedAt, finishedAt, enqueuedAt } = record
    assert.deepEqual([state, deliveries, error, reason], ['waiting', 0, undefined, undefined])
    assert.deepEqual([startedAt, finishedAt, enqueuedAt], [undefined, undefined, before.enqueuedAt])
    assert.ok(record.firstDueAt >= Number(before.finishedAt) + 10_000)
    const claimed = only(await take(driver))
    assert.deepEqual([claimed.deliveries, claimed.firstDueAt], [1, record.firstDueAt])
  })

  claim('a redriven job has no request to cancel it, and no progress', async ({ driver }) => {
    const job = await started(driver)
    await driver.progress([{ ...leaseOf(job), value: '50' }])
    await driver.cancel([{ id: job.id, error: '"c"', keep: 60_000 }])
    await settle(driver, job, failed)
    await driver.redrive([job.id])
    const { cancelRequest, progress } = await read(driver, job.id)
    assert.deepEqual([cancelRequest, progress], [undefined, undefined])
    assert.equal(await settle(driver, only(await take(driver)), again), 'settled')
  })

  claim('a redriven job keeps its failures and its log', async ({ driver }) => {
    const job = await started(driver)
    await driver.progress([{ ...leaseOf(job), log: ['line'] }])
    await settle(driver, job, failed)
    await driver.redrive([job.id])
    assert.deepEqual(await driver.log(job.id), ['line'])
    await settle(driver, only(await take(driver)), failed)
    const { failures } = await read(driver, job.id)
    assert.deepEqual(
      failures.map(({ delivery }) => delivery),
      [1, 1],
    )
  })

  claim('redrive MUST forget the progress of a job, and a request to cancel it', async ({ driver }) => {
    const job = await started(driver)
    await driver.progress([{ ...leaseOf(job), value: '50' }])
    await driver.cancel([{ id: job.id, error: '"c"', keep: 60_000 }])
    await settle(driver, job, failed)
    await driver.redrive([job.id])
    const { progress, cancelRequest } = await read(driver, job.id)
    assert.deepEqual([progress, cancelRequest], [undefined, undefined])
    const renewed = only(await take(driver))
    assert.equal(renewed.cancelRequest, undefined)
    assert.equal(await settle(driver, renewed, again), 'settled')
  })

  claim('redrive answers in order, and keeps what has not failed', async ({ driver }) => {
    const [dead, ended] = [await started(driver), await started(driver)]
    await settle(driver, dead, failed)
    await settle(driver, ended, done)
    const active = await started(driver)
    const delayed = newJob({ delay: 60_000 })
    await driver.enqueue([delayed])
    const ids = [ended.id, active.id, delayed.id]
    const before = await driver.get(ids)
    assert.deepEqual(await driver.redrive(['unknown', ...ids, dead.id]), [
      'unknown',
      'kept',
      'kept',
      'kept',
      'redriven',
    ])
    assert.deepEqual(await driver.get(ids), before)
  })

  claim('a redrive that is sent again changes nothing', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, failed)
    assert.deepEqual(await driver.redrive([job.id]), ['redriven'])
    assert.deepEqual(await driver.redrive([job.id]), ['kept'])
    await take(driver)
    assert.deepEqual(await driver.redrive([job.id]), ['kept'])
    assert.deepEqual(await take(driver), [])
  })

  claim('a token of before the redrive stays lost', async ({ driver }) => {
    const old = await started(driver)
    await settle(driver, old, failed)
    await driver.redrive([old.id])
    const current = only(await take(driver))
    assert.notEqual(current.token, old.token)
    assert.equal(await settle(driver, old, done), 'lost')
    assert.equal(await settle(driver, current, done), 'settled')
  })

  claim('a redriven job stays as long as it takes, and is counted where it is', async ({ driver, advance }) => {
    const job = await started(driver)
    await settle(driver, job, { ...failed, keep: 10_000 })
    await driver.redrive([job.id])
    await advance(11_000)
    const { waiting, failed: dead } = await driver.counts('q')
    assert.deepEqual([waiting, dead], [1, 0])
    await settle(driver, only(await take(driver)), done)
    const { state, error, failures } = await read(driver, job.id)
    assert.deepEqual([state, error, failures.length], ['completed', undefined, 1])
  })

  claim('a redrive wakes the queue', async (harness) => {
    const [driver, other] = await pair(harness)
    const job = await started(driver)
    await settle(driver, job, failed)
    const { listener, heard } = await listening(driver)
    await other.redrive([job.id])
    await heard('wake', 'q')
    await listener.close()
  })

  claim('remove MUST forget an ended job, with its log', async ({ driver }) => {
    const jobs = [await started(driver), await started(driver), await started(driver)]
    const outcomes = [done, failed, cancelled]
    for (const [n, job] of jobs.entries()) {
      await driver.progress([{ ...leaseOf(job), log: ['line'] }])
      await settle(driver, job, outcomes[n] ?? done)
    }
    assert.deepEqual(await driver.remove(idsOf(jobs)), ['removed', 'removed', 'removed'])
    assert.deepEqual(await driver.get(idsOf(jobs)), [undefined, undefined, undefined])
    for (const { id } of jobs) assert.deepEqual(await driver.log(id), [])
    const { completed, failed: dead, cancelled: stopped } = await driver.counts('q')
    assert.deepEqual([completed, dead, stopped], [0, 0, 0])
    assert.deepEqual(await driver.remove(idsOf(jobs)), ['unknown', 'unknown', 'unknown'])
  })

  claim('remove leaves a job that has not ended', async ({ driver }) => {
    const active = await started(driver)
    const [waiting, delayed] = [newJob(), newJob({ delay: 60_000 })]
    await driver.enqueue([waiting, delayed])
    assert.deepEqual(await driver.remove(idsOf([active, waiting, delayed])), ['live', 'live', 'live'])
    assert.deepEqual(idsOf(await take(driver)), [waiting.id])
    assert.equal(await settle(driver, active, done), 'settled')
  })

  claim('the id of a removed job may be used again, its old tokens may not', async ({ driver }) => {
    const old = await started(driver)
    await settle(driver, old, done)
    await driver.remove([old.id])
    const current = await started(driver, { id: old.id, payload: '"new"' })
    assert.deepEqual([current.payload, current.deliveries], ['"new"', 1])
    assert.equal(await settle(driver, old, failed), 'lost')
    assert.equal(await settle(driver, current, done), 'settled')
  })
}
