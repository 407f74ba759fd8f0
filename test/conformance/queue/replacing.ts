import assert from 'node:assert/strict'
import type { NewJob } from '../../../core/ports/job.js'
import {
  again,
  type Claim,
  done,
  idsOf,
  listening,
  newJob,
  only,
  pair,
  read,
  settle,
  started,
  take,
} from './harness.js'
import { locked } from './locks.js'

const replace = { error: '"replaced"', keep: 60_000 }
const lock = { key: 'k', until: 'ended', replace } as const

/** Locks whose holder gives way to a newer job. */
export function replacingClaims(claim: Claim): void {
  for (const [state, delay] of [
    ['waiting', 0],
    ['delayed', 60_000],
  ] as const) {
    claim(`a ${state} holder MUST end in the step in which its replacement is stored`, async ({ driver, advance }) => {
      const [holder, next] = [locked('ended', { delay, meta: '{"room":"r"}' }), replacement()]
      await driver.enqueue([holder])
      const replaced = { id: holder.id, meta: holder.meta, deliveries: 0 }
      assert.deepEqual(await driver.enqueue([next]), [{ id: next.id, deduplicated: false, replaced }])
      const ended = await read(driver, holder.id)
      assert.deepEqual([ended.state, ended.error], ['cancelled', '"replaced"'])
      await advance(59_000)
      assert.deepEqual(idsOf(await take(driver)), [next.id])
      await advance(2_000)
      assert.deepEqual(await driver.get([holder.id]), [undefined], 'it is kept as long as replace says')
    })
  }

  claim('an active holder stays: the replacement is not stored', async ({ driver }) => {
    const holder = await started(driver, locked('ended'))
    assert.deepEqual(await driver.enqueue([replacement()]), [{ id: holder.id, deduplicated: true }])
    const { state, cancelRequest } = await read(driver, holder.id)
    assert.deepEqual([state, cancelRequest], ['active', undefined])
    assert.deepEqual(await take(driver), [])
  })

  claim('an ended holder stays while its lock does', async ({ driver, advance }) => {
    const holder = await started(driver, locked(60_000))
    await settle(driver, holder, done)
    assert.deepEqual(await driver.enqueue([replacement()]), [{ id: holder.id, deduplicated: true }])
    assert.equal((await read(driver, holder.id)).state, 'completed')
    await advance(61_000)
    assert.equal(only(await driver.enqueue([replacement()])).deduplicated, false)
  })

  claim('a holder that gives way while it waits for a retry is answered with its deliveries', async ({ driver }) => {
    const holder = await started(driver, locked('ended'))
    await settle(driver, holder, again)
    const { replaced } = only(
      await driver.enqueue([replacement({ lock: { ...lock, replace: { ...replace, keep: 0 } } })]),
    )
    assert.deepEqual(replaced, { id: holder.id, meta: holder.meta, deliveries: 1 })
    assert.deepEqual(await driver.get([holder.id]), [undefined])
  })

  claim('a replacement holds the lock as it says, not as the holder did', async ({ driver, advance }) => {
    await driver.enqueue([locked(600_000)])
    await driver.enqueue([replacement({ lock: { key: 'k', until: 10_000, replace } })])
    await advance(11_000)
    const next = locked('ended')
    assert.deepEqual(await driver.enqueue([next]), [{ id: next.id, deduplicated: false }])
  })

  claim('of the jobs of one call, the last replacement is the one that waits', async ({ driver }) => {
    const jobs = [replacement(), replacement(), replacement()]
    assert.deepEqual(
      (await driver.enqueue(jobs)).map(({ deduplicated }) => deduplicated),
      [false, false, false],
    )
    assert.deepEqual(idsOf(await take(driver)), [jobs[2]?.id])
    assert.equal((await driver.counts('q')).cancelled, 2)
  })

  claim('of many replacements at the same time, one waits and the others have ended', async (harness) => {
    const { driver } = harness
    const drivers = await pair(harness)
    await driver.enqueue([locked('ended')])
    const calls = Array.from({ length: 20 }, (_, n) => drivers[n % 2]?.enqueue([replacement()]))
    for (const outcomes of await Promise.all(calls)) assert.equal(only(outcomes ?? []).deduplicated, false)
    const { waiting, cancelled } = await driver.counts('q')
    assert.deepEqual([waiting, cancelled], [1, 20])
    assert.equal((await take(driver)).length, 1)
  })

  claim('a replacement that is sent again changes nothing', async ({ driver }) => {
    const [one, two] = [replacement(), replacement()]
    await driver.enqueue([one])
    await driver.enqueue([two])
    for (const job of [one, two, one]) {
      assert.deepEqual(await driver.enqueue([job]), [{ id: job.id, deduplicated: true }])
    }
    assert.deepEqual(idsOf(await take(driver)), [two.id])
  })

  claim('who waits for a job that gives way is told that it has ended', async (harness) => {
    const [driver, other] = await pair(harness)
    const holder = locked('ended')
    await driver.enqueue([holder])
    const { listener, heard } = await listening(driver, [])
    await listener.watch([holder.id])
    await other.enqueue([replacement()])
    await heard('settled', holder.id)
    await listener.close()
  })
}

function replacement(changes: Partial<NewJob> = {}): NewJob {
  return newJob({ lock, ...changes })
}
