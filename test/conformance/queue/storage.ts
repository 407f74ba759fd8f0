import assert from 'node:assert/strict'
import type { ClaimedJob } from '../../../core/ports/job.js'
import { type Claim, idsOf, leaseOf, newJob, only, read, settle, started, take } from './harness.js'

/** Storing jobs and reading them back. */
export function storageClaims(claim: Claim): void {
  claim('every field of a job comes back from claim and get as it was given', async ({ driver }) => {
    const job = newJob({ task: 'send', payload: '{"a":1}', meta: '{"m":2}', key: 'order-1', priority: 3 })
    await driver.enqueue([job])
    const claimed = only(await take(driver))
    for (const found of [claimed, await read(driver, job.id)]) {
      const { id, queue, task, payload, meta, key, priority } = found
      assert.deepEqual({ id, queue, task, payload, meta, key, priority, delay: 0 }, job)
    }
  })

  claim('texts are opaque: any characters and 1 MB of them come back unchanged', async ({ driver }) => {
    const odd = JSON.stringify({ text: '\u0000 \u2028 \ud83d\ude00 "\\\' %s $1 {}', list: [1e-7, 10 ** 20] })
    const long = JSON.stringify('x'.repeat(1_000_000))
    const jobs = [newJob({ payload: odd, meta: odd, key: 'schl\u00fcssel:{\u9470} \\' }), newJob({ payload: long })]
    await driver.enqueue(jobs)
    const claimed = await take(driver)
    await driver.progress(claimed.slice(0, 1).map((job) => ({ ...leaseOf(job), value: odd })))
    for (const [index, result] of [odd, long].entries()) {
      await settle(driver, claimed[index] as ClaimedJob, { type: 'completed', result, keep: 60_000 })
    }
    const records = await driver.get(idsOf(jobs))
    assert.deepEqual([records[0]?.progress, records[0]?.result, records[1]?.result], [odd, odd, long])
    const failed = await started(driver)
    await settle(driver, failed, { type: 'failed', error: odd, reason: 'exhausted', keep: 60_000 })
    assert.equal((await read(driver, failed.id)).error, odd)
    assert.deepEqual(
      claimed.map(({ payload, meta, key }) => ({ payload, meta, key })),
      jobs.map(({ payload, meta, key }) => ({ payload, meta, key })),
    )
  })

  claim('queue names may use all of [\\w.\\-/] and 100 characters, task names any script', async ({ driver }) => {
    const queue = `Mail_2.high-priority/${'q'.repeat(79)}`
    await driver.enqueue([newJob({ queue, task: '\u4efb\u52a1.{name}' })])
    assert.equal(only(await take(driver, { queue })).task, '\u4efb\u52a1.{name}')
    assert.equal((await driver.counts(queue)).active, 1)
  })

  claim('an id or a token that no driver made is unknown or lost, never an error', async ({ driver }) => {
    const lease = { queue: 'q', id: 'no uuid', token: '{}' }
    const outcome = { type: 'released', delay: 0 } as const
    assert.deepEqual(await driver.get([lease.id]), [undefined])
    assert.deepEqual(await driver.cancel([{ id: lease.id, error: '"e"', keep: 1 }]), ['unknown'])
    assert.deepEqual(await driver.extend([lease], 1_000), ['lost'])
    assert.deepEqual(await driver.progress([{ ...lease, value: '1' }]), ['lost'])
    assert.deepEqual(await driver.settle([{ ...lease, outcome }]), ['lost'])
  })

  claim('the ids of an enqueue call are answered in its order', async ({ driver }) => {
    const jobs = Array.from({ length: 50 }, () => newJob())
    assert.deepEqual(idsOf(await driver.enqueue(jobs)), idsOf(jobs))
  })

  claim('enqueuing an id that exists MUST store nothing and answer deduplicated', async ({ driver }) => {
    const job = newJob({ payload: '1' })
    assert.deepEqual(await driver.enqueue([job]), [{ id: job.id, deduplicated: false }])
    assert.deepEqual(await driver.enqueue([{ ...job, payload: '2' }]), [{ id: job.id, deduplicated: true }])
    assert.equal(only(await take(driver)).payload, '1')
  })

  claim('an id twice in one call is stored once', async ({ driver }) => {
    const job = newJob()
    const [first, again] = await driver.enqueue([job, job])
    assert.deepEqual([first?.deduplicated, again?.deduplicated], [false, true])
    assert.equal((await take(driver)).length, 1)
  })

  claim('an id is deduplicated while its job is active and while its record is kept', async ({ driver }) => {
    const job = await started(driver)
    const again = newJob({ id: job.id })
    assert.equal(only(await driver.enqueue([again])).deduplicated, true)
    await driver.settle([
      { queue: 'q', id: job.id, token: job.token, outcome: { type: 'completed', result: '1', keep: 60_000 } },
    ])
    assert.equal(only(await driver.enqueue([again])).deduplicated, true)
    assert.deepEqual(await take(driver), [])
  })

  claim('enqueue, claim, settle, extend, progress, get and cancel take empty lists', async ({ driver }) => {
    assert.deepEqual(await driver.enqueue([]), [])
    assert.deepEqual(await driver.settle([]), [])
    assert.deepEqual(await driver.extend([], 1_000), [])
    assert.deepEqual(await driver.progress([]), [])
    assert.deepEqual(await driver.get([]), [])
    assert.deepEqual(await driver.cancel([]), [])
  })

  claim('get MUST see every write that was acknowledged, in the order of the ids', async ({ driver }) => {
    const active = await started(driver)
    const [waiting, delayed] = [newJob(), newJob({ delay: 60_000 })]
    await driver.enqueue([waiting, delayed])
    const records = await driver.get([delayed.id, 'unknown', active.id, waiting.id])
    assert.deepEqual(
      records.map((record) => record?.state),
      ['delayed', undefined, 'active', 'waiting'],
    )
  })

  claim(
    'a record tells when the job was enqueued, due, started and finished, in server time',
    async ({ driver, advance }) => {
      const job = newJob({ delay: 1_000 })
      await driver.enqueue([job])
      const before = await read(driver, job.id)
      assert.equal(before.dueAt - before.enqueuedAt, 1_000)
      assert.deepEqual([before.startedAt, before.finishedAt, before.deliveries], [undefined, undefined, 0])
      await advance(5_000)
      const { token, claimedAt } = only(await take(driver))
      await advance(2_000)
      await driver.settle([
        { queue: 'q', id: job.id, token, outcome: { type: 'completed', result: '1', keep: 60_000 } },
      ])
      const after = await read(driver, job.id)
      assert.equal(after.startedAt, claimedAt)
      assert.ok(claimedAt >= before.dueAt + 4_000)
      assert.ok(Number(after.finishedAt) >= claimedAt + 2_000)
      assert.equal(after.deliveries, 1)
    },
  )
}
