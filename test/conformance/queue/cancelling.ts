import assert from 'node:assert/strict'
import type { Cancellation, CancelReply, QueueDriver } from '../../../core/ports/queue.js'
import { type Claim, done, idsOf, leaseOf, listening, newJob, only, read, settle, started, take } from './harness.js'

const cancelled = { type: 'cancelled', error: '"cancelled"', keep: 60_000 } as const

/** Cancelling jobs, waiting and active. */
export function cancellingClaims(claim: Claim): void {
  claim('cancel MUST end waiting and delayed jobs', async ({ driver, advance }) => {
    const jobs = [newJob(), newJob({ delay: 1_000 })]
    await driver.enqueue(jobs)
    assert.deepEqual(await cancel(driver, idsOf(jobs)), ['cancelled', 'cancelled'])
    await advance(2_000)
    assert.deepEqual(await take(driver), [])
    for (const { id } of jobs) {
      const { state, error } = await read(driver, id)
      assert.deepEqual([state, error], ['cancelled', '"cancelled"'])
    }
  })

  claim('cancelling some jobs leaves the others as they are', async ({ driver, advance }) => {
    const jobs = [0, 0, 0, 0, 0, 5_000, 5_000, 5_000].map((delay) => newJob({ delay }))
    const [one, two, three, four, five, six, seven, eight] = idsOf(jobs)
    await driver.enqueue(jobs)
    await cancel(driver, [two, four, seven].map(String))
    assert.deepEqual(await counted(driver), { waiting: 3, delayed: 2, cancelled: 3 })
    assert.deepEqual(idsOf(await take(driver)), [one, three, five])
    await advance(6_000)
    assert.deepEqual(idsOf(await take(driver)), [six, eight])
  })

  claim('cancel answers in the order of the cancellations: requested, finished, unknown', async ({ driver }) => {
    const ended = await started(driver)
    await settle(driver, ended, done)
    const active = await started(driver)
    const replies = await cancel(driver, [active.id, ended.id, 'unknown'])
    assert.deepEqual(replies, ['requested', 'finished', 'unknown'])
    assert.equal((await read(driver, ended.id)).state, 'completed')
  })

  claim('cancel keeps each record as long as its cancellation says', async ({ driver, advance }) => {
    const [short, long] = [newJob(), newJob()]
    await driver.enqueue([short, long])
    await driver.cancel([
      { id: short.id, error: '"short"', keep: 1_000 },
      { id: long.id, error: '"long"', keep: 60_000 },
    ])
    await advance(2_000)
    const [gone, kept] = await driver.get([short.id, long.id])
    assert.deepEqual([gone, kept?.error], [undefined, '"long"'])
  })

  claim('cancelling a waiting job MUST apply enqueue and join in the same step', async ({ driver }) => {
    const [member, next, then] = [newJob(), newJob({ queue: 'next' }), newJob({ queue: 'then' })]
    await driver.enqueue([member])
    const join = { id: 'join', member: 0, size: 1, keep: 60_000, next: [then] }
    const cancellation = { id: member.id, error: '"e"', keep: 60_000, enqueue: [next], join }
    assert.deepEqual(await driver.cancel([cancellation]), ['cancelled'])
    assert.deepEqual(idsOf(await take(driver, { queue: 'next' })), [next.id])
    assert.deepEqual(idsOf(await take(driver, { queue: 'then' })), [then.id])
  })

  claim('what follows a cancelled job whose record is not kept may have its id', async ({ driver }) => {
    const [job, next] = [newJob({ payload: '1' }), newJob({ payload: '2' })]
    await driver.enqueue([job])
    const cancellation = { id: job.id, error: '"c"', keep: 0, enqueue: [{ ...next, id: job.id }] }
    assert.deepEqual(await driver.cancel([cancellation]), ['cancelled'])
    const { payload, state } = await read(driver, job.id)
    assert.deepEqual([payload, state], ['2', 'waiting'])
  })

  claim('cancelling an active job MUST do no more than note the request and signal it', async ({ driver }) => {
    const active = await started(driver)
    const join = { id: 'join', member: 0, size: 1, keep: 60_000, next: [newJob({ queue: 'then' })] }
    const enqueue = [newJob({ queue: 'next' })]
    assert.deepEqual(await driver.cancel([{ id: active.id, error: '"e"', keep: 60_000, enqueue, join }]), ['requested'])
    const { state, error, cancelRequest } = await read(driver, active.id)
    assert.deepEqual([state, error, cancelRequest], ['active', undefined, '"e"'])
    for (const queue of ['next', 'then']) assert.deepEqual(await take(driver, { queue }), [])
  })

  claim('a request to cancel is seen by extend and as a signal', async ({ driver, second }) => {
    const job = await started(driver)
    const { listener, heard } = await listening(driver)
    assert.deepEqual(await cancel(second ? await second() : driver, [job.id]), ['requested'])
    await heard('cancel', job.id)
    assert.deepEqual(await driver.extend([leaseOf(job)], 30_000), ['cancelled'])
    await listener.close()
  })

  claim('a job whose cancellation was requested may still complete', async ({ driver }) => {
    const job = await started(driver)
    await cancel(driver, [job.id])
    assert.equal(await settle(driver, job, done), 'settled')
    assert.equal((await read(driver, job.id)).state, 'completed')
  })

  claim('settled as cancelled, a job MUST get the error of the first request', async ({ driver }) => {
    const job = await started(driver)
    for (const error of ['"first"', '"second"']) await driver.cancel([{ id: job.id, error, keep: 60_000 }])
    assert.equal(await settle(driver, job, cancelled), 'settled')
    assert.equal((await read(driver, job.id)).error, '"first"')
  })

  for (const outcome of [
    { type: 'retry', delay: 0, error: '"e"' },
    { type: 'released', delay: 0 },
  ] as const) {
    claim(`a job whose cancellation was requested MUST NOT be put back: ${outcome.type}`, async ({ driver }) => {
      const job = await started(driver)
      const next = [newJob({ queue: 'then' })]
      const ending = { join: { id: 'join', member: 0, size: 1, keep: 60_000, next } }
      await cancel(driver, [job.id])
      assert.equal(await settle(driver, job, outcome, ending), 'cancelled')
      const { state, deliveries, error } = await read(driver, job.id)
      assert.deepEqual([state, deliveries, error], ['active', 1, undefined])
      assert.deepEqual([await take(driver), await take(driver, { queue: 'then' })], [[], []])
      assert.equal(await settle(driver, job, cancelled, ending), 'settled')
      assert.equal((await read(driver, job.id)).state, 'cancelled')
      assert.equal((await take(driver, { queue: 'then' })).length, 1)
    })
  }

  claim('a claim that settles such a job says cancelled too, and does not give it', async ({ driver }) => {
    const job = await started(driver)
    await cancel(driver, [job.id])
    const settlement = { ...leaseOf(job), outcome: { type: 'released', delay: 0 } } as const
    const reply = await driver.claim({ queue: 'q', max: 1, lease: 30_000, worker: 'w', settle: [settlement] })
    assert.deepEqual(reply, { jobs: [], settled: ['cancelled'] })
  })

  claim('when its lease lapses, claim MUST hand it over with cancelRequest', async ({ driver, advance }) => {
    const [plain, asked] = [await started(driver), await started(driver)]
    assert.equal(asked.cancelRequest, undefined)
    await cancel(driver, [asked.id])
    await advance(31_000)
    const again = await take(driver)
    const requests = new Map(again.map(({ id, cancelRequest }) => [id, cancelRequest]))
    assert.deepEqual([requests.get(plain.id), requests.get(asked.id)], [undefined, cancelled.error])
    const lease = only(again.filter(({ id }) => id === asked.id))
    assert.equal(await settle(driver, lease, { type: 'released', delay: 0 }), 'cancelled')
    assert.equal(await settle(driver, lease, cancelled), 'settled')
    assert.equal((await read(driver, asked.id)).state, 'cancelled')
  })
}

function cancel(driver: QueueDriver, ids: readonly string[]): Promise<readonly CancelReply[]> {
  const { error, keep } = cancelled
  return driver.cancel(ids.map((id): Cancellation => ({ id, error, keep })))
}

async function counted(driver: QueueDriver): Promise<object> {
  const { waiting, delayed, cancelled } = await driver.counts('q')
  return { waiting, delayed, cancelled }
}
