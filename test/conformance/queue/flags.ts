import assert from 'node:assert/strict'
import { isTriportError } from '../../../core/errors.js'
import { type Claim, idsOf, newJob, only, take } from './harness.js'

/** Each flag of `supports` is a promise: the yes and the no are tested. */
export function flagClaims(claim: Claim): void {
  claim('with supports.transactions, enqueue takes part in tx; without it, tx is refused', async (harness) => {
    const { driver } = harness
    const job = newJob()
    if (!driver.supports.transactions) {
      const refused = driver.enqueue([job], { tx: {} })
      await assert.rejects(refused, (error) => isTriportError(error, 'ERR_UNSUPPORTED'))
      return assert.deepEqual(await driver.get([job.id]), [undefined])
    }
    const { transaction } = harness
    assert.ok(transaction, 'a driver with transactions needs a harness with transaction()')
    const rolledBack = transaction(async (tx) => {
      await driver.enqueue([newJob()], { tx })
      throw new Error('roll back')
    })
    await assert.rejects(rolledBack, /roll back/)
    assert.deepEqual(await take(driver), [])
    await transaction((tx) => driver.enqueue([job], { tx }))
    assert.deepEqual(idsOf(await take(driver)), [job.id])
  })

  claim('stop MUST be safe when called twice', async ({ driver }) => {
    await driver.stop?.()
    await driver.stop?.()
  })
}

/** The flags of drivers whose `enqueue` does not wait for its jobs. */
export function storingFlagClaims(claim: Claim): void {
  claim('without supports.inline, enqueue resolves though nobody claims', async ({ driver }) => {
    assert.equal(driver.supports.inline, false)
    await driver.enqueue([newJob()])
  })

  claim(
    'with supports.shared, another process claims and settles what this one enqueued',
    async ({ driver, second }) => {
      if (!driver.supports.shared && !second) return
      assert.ok(second, 'a shared driver needs a harness with second()')
      const other = await second()
      const job = newJob()
      await driver.enqueue([job])
      const { token } = only(await take(other))
      const outcome = { type: 'completed', result: '1', keep: 60_000 } as const
      assert.deepEqual(await other.settle([{ queue: 'q', id: job.id, token, outcome }]), ['settled'])
      assert.equal(only(await driver.get([job.id]))?.result, '1')
    },
  )

  claim('with supports.pipelined, calls of enqueue store their jobs in the order of the calls', async ({ driver }) => {
    if (!driver.supports.pipelined) return
    const calls = Array.from({ length: 20 }, (_, n) => Array.from({ length: 1 + (n % 3) * 20 }, () => newJob()))
    await Promise.all(calls.map((jobs) => driver.enqueue(jobs)))
    const given = await take(driver, { max: 1_000 })
    assert.deepEqual(
      idsOf(given),
      calls.flat().map(({ id }) => id),
    )
  })

  claim('with supports.durable, jobs outlive the driver that enqueued them', async ({ driver, second }) => {
    if (!driver.supports.durable) return
    assert.ok(second, 'a durable driver needs a harness with second()')
    const jobs = [newJob(), newJob()]
    await driver.enqueue(jobs)
    await driver.stop?.()
    assert.deepEqual(idsOf(await take(await second())), idsOf(jobs))
  })
}
