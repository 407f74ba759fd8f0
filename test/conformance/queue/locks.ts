import assert from 'node:assert/strict'
import type { Lock, NewJob } from '../../../core/ports/job.js'
import type { Outcome, QueueDriver } from '../../../core/ports/queue.js'
import {
  again,
  type Claim,
  cancelled,
  done,
  failed,
  idsOf,
  newJob,
  only,
  pair,
  read,
  released,
  settle,
  started,
  take,
} from './harness.js'

/** Locks: when they hold, and when they come free. */
export function lockClaims(claim: Claim): void {
  claim('a job whose lock is held by another MUST NOT be stored: the answer is the holder', async ({ driver }) => {
    const [holder, other] = [locked('ended'), locked('ended')]
    assert.deepEqual(await driver.enqueue([holder]), [{ id: holder.id, deduplicated: false }])
    assert.deepEqual(await driver.enqueue([other]), [{ id: holder.id, deduplicated: true }])
    assert.deepEqual(await driver.get([other.id]), [undefined])
    assert.deepEqual(idsOf(await take(driver)), [holder.id])
  })

  claim('a lock is one of its queue, and its key any text', async ({ driver }) => {
    const keys = ['a', 'A', ' a', 'schl\u00fcssel:{\u9470} \\', '%', '*']
    const jobs = ['q', 'other'].flatMap((queue) => keys.map((key) => newJob({ queue, lock: { key, until: 'ended' } })))
    for (const { deduplicated } of await driver.enqueue(jobs)) assert.equal(deduplicated, false)
    assert.equal((await take(driver)).length, keys.length)
  })

  claim('of the jobs of one call, the earlier one gets the lock', async ({ driver }) => {
    const [one, two, free] = [locked('claimed'), locked('claimed'), newJob()]
    assert.deepEqual(await driver.enqueue([one, two, free]), [
      { id: one.id, deduplicated: false },
      { id: one.id, deduplicated: true },
      { id: free.id, deduplicated: false },
    ])
  })

  claim('of many callers at the same time, one gets the lock, and the others its id', async (harness) => {
    const drivers = await pair(harness)
    const calls = Array.from({ length: 20 }, (_, n) => drivers[n % 2]?.enqueue([locked('ended')]))
    const outcomes = (await Promise.all(calls)).flatMap((each) => each ?? [])
    const stored = only(outcomes.filter(({ deduplicated }) => !deduplicated))
    assert.deepEqual(new Set(idsOf(outcomes)), new Set([stored.id]))
    assert.deepEqual(idsOf(await take(harness.driver)), [stored.id])
  })

  claim('ids go before locks: a call that is sent again is answered with its own id', async ({ driver }) => {
    const [one, two] = [locked('claimed'), locked('claimed')]
    await driver.enqueue([one])
    await take(driver)
    await driver.enqueue([two])
    for (const job of [one, two]) assert.deepEqual(await driver.enqueue([job]), [{ id: job.id, deduplicated: true }])
  })

  claim('a lock that is held until claimed MUST be free from the first claim on', async ({ driver }) => {
    const holder = await started(driver, locked('claimed'))
    assert.ok(await isFree(driver))
    await settle(driver, holder, done)
  })

  claim('a job that is put back does not take its lock again', async ({ driver }) => {
    for (const outcome of [again, released]) {
      const job = await started(driver, locked('claimed'))
      await settle(driver, job, outcome)
      assert.ok(await isFree(driver), outcome.type)
      for (const each of await take(driver)) await settle(driver, each, done)
    }
  })

  claim(
    'a lock that is held until ended stays while its job waits, runs and is put back',
    async ({ driver, advance }) => {
      const job = await started(driver, locked('ended'))
      assert.equal(await isFree(driver), false, 'it runs')
      await settle(driver, job, again)
      assert.equal(await isFree(driver), false, 'it waits for its retry')
      const second = only(await take(driver))
      await settle(driver, second, released)
      assert.equal(await isFree(driver), false, 'it was released')
      await take(driver)
      await advance(31_000)
      assert.equal(await isFree(driver), false, 'its lease has lapsed')
      await settle(driver, only(await take(driver)), done)
      assert.ok(await isFree(driver), 'it has ended')
    },
  )

  for (const outcome of [done, { ...done, keep: 0 }, failed, cancelled] satisfies Outcome[]) {
    const kept = outcome.keep ? '' : ' and is not kept'
    claim(`a lock that is held until ended MUST be free when its job is ${outcome.type}${kept}`, async ({ driver }) => {
      await settle(driver, await started(driver, locked('ended')), outcome)
      assert.ok(await isFree(driver))
    })
  }

  for (const until of ['claimed', 'ended'] as const) {
    claim(`cancelling a waiting job frees its lock: until ${until}`, async ({ driver }) => {
      const job = locked(until, { delay: 60_000 })
      await driver.enqueue([job])
      assert.equal(await isFree(driver), false)
      await driver.cancel([{ id: job.id, error: '"c"', keep: 60_000 }])
      assert.ok(await isFree(driver))
    })
  }

  claim('a lock that is held for a time stays that long, whatever becomes of its job', async ({ driver, advance }) => {
    const ways: Readonly<Record<string, (job: NewJob) => Promise<unknown>>> = {
      kept: async () => settle(driver, only(await take(driver)), done),
      gone: async () => settle(driver, only(await take(driver)), { ...done, keep: 0 }),
      async removed({ id }) {
        await settle(driver, only(await take(driver)), done)
        await driver.remove([id])
      },
      cancelled: ({ id }) => driver.cancel([{ id, error: '"c"', keep: 0 }]),
    }
    for (const [way, act] of Object.entries(ways)) {
      const job = locked(60_000)
      await driver.enqueue([job])
      await act(job)
      await advance(58_000)
      assert.deepEqual(await driver.enqueue([locked('ended')]), [{ id: job.id, deduplicated: true }], way)
      await advance(3_000)
      assert.ok(await isFree(driver), way)
    }
  })

  claim('a lock that is held for a time is free then, though its job waits or runs', async ({ driver, advance }) => {
    await driver.enqueue([locked(60_000, { delay: 3_600_000 })])
    await advance(61_000)
    const next = locked(60_000)
    assert.deepEqual(await driver.enqueue([next]), [{ id: next.id, deduplicated: false }])
    await take(driver, { lease: 3_600_000 })
    assert.equal(await isFree(driver), false)
    await advance(61_000)
    assert.ok(await isFree(driver))
  })

  claim('a lock of before does not free the one that another job has taken since', async ({ driver, advance }) => {
    const timed = await started(driver, locked(10_000))
    await advance(11_000)
    const holder = locked('ended', { delay: 60_000 })
    await driver.enqueue([holder])
    await settle(driver, timed, done)
    assert.deepEqual(await driver.enqueue([locked('ended')]), [{ id: holder.id, deduplicated: true }])
  })

  claim('what a settlement, a join and a schedule enqueue goes by locks too', async ({ driver }) => {
    await driver.enqueue([locked('ended', { delay: 60_000 })])
    const [next, then, tick] = [locked('ended'), locked('ended'), locked('ended')]
    const join = { id: 'join', member: 0, size: 1, keep: 60_000, next: [then] }
    assert.equal(await settle(driver, await started(driver), done, { enqueue: [next], join }), 'settled')
    await driver.saveSchedule({ name: 's', definition: '{}' })
    const { cursor: from } = only((await driver.schedules()).schedules)
    assert.ok(await driver.tickSchedule({ name: 's', from, definition: '{}', to: from + 1, enqueue: [tick] }))
    assert.deepEqual(await driver.get(idsOf([next, then, tick])), [undefined, undefined, undefined])
  })

  claim('a job that is redriven does not take its lock again', async ({ driver }) => {
    const job = await started(driver, locked('ended'))
    await settle(driver, job, failed)
    await driver.redrive([job.id])
    assert.ok(await isFree(driver))
    assert.equal((await read(driver, job.id)).state, 'waiting')
  })
}

/** A job with the lock `k`. */
export function locked(until: Lock['until'], changes: Partial<NewJob> = {}): NewJob {
  return newJob({ ...changes, lock: { key: 'k', until } })
}

/** Takes the lock `k`, and gives it back. */
async function isFree(driver: QueueDriver): Promise<boolean> {
  const probe = locked('ended', { delay: 3_600_000 })
  const { deduplicated } = only(await driver.enqueue([probe]))
  if (!deduplicated) await driver.cancel([{ id: probe.id, error: '"probe"', keep: 0 }])
  return !deduplicated
}
