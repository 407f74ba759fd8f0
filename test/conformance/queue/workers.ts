import assert from 'node:assert/strict'
import { type Claim, only, pair } from './harness.js'

/** The registry of workers. */
export function workerClaims(claim: Claim): void {
  claim('workers are listed in the order of their ids, by every process', async (harness) => {
    const [driver, other] = await pair(harness)
    for (const id of ['w2', 'w1', '\u9470']) await driver.announceWorker({ id, info: `{"id":"${id}"}`, ttl: 60_000 })
    const workers = await other.workers()
    assert.deepEqual(
      workers.map(({ id, info }) => [id, info]),
      ['w1', 'w2', '\u9470'].map((id) => [id, `{"id":"${id}"}`]),
    )
  })

  claim('an announcement replaces the one before, and says when it was made', async ({ driver, advance }) => {
    await driver.announceWorker({ id: 'w', info: '1', ttl: 60_000 })
    const { seenAt } = only(await driver.workers())
    await advance(10_000)
    await driver.announceWorker({ id: 'w', info: '2', ttl: 60_000 })
    const worker = only(await driver.workers())
    assert.equal(worker.info, '2')
    assert.ok(worker.seenAt >= seenAt + 10_000)
  })

  claim('an announcement MUST be gone ttl milliseconds after it was made last', async ({ driver, advance }) => {
    await driver.announceWorker({ id: 'short', info: '{}', ttl: 10_000 })
    await driver.announceWorker({ id: 'long', info: '{}', ttl: 60_000 })
    await driver.announceWorker({ id: 'again', info: '{}', ttl: 10_000 })
    await advance(8_000)
    await driver.announceWorker({ id: 'again', info: '{}', ttl: 10_000 })
    assert.equal((await driver.workers()).length, 3)
    await advance(3_000)
    assert.deepEqual(
      (await driver.workers()).map(({ id }) => id),
      ['again', 'long'],
    )
  })

  claim('an announcement MUST be gone when it was withdrawn', async (harness) => {
    const [driver, other] = await pair(harness)
    await driver.announceWorker({ id: 'w', info: '{}', ttl: 60_000 })
    await other.withdrawWorker('w')
    await other.withdrawWorker('unknown')
    assert.deepEqual(await driver.workers(), [])
  })
}
