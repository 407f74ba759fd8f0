import assert from 'node:assert/strict'
import { keptLogLines } from '../../../core/ports/job.js'
import { again, type Claim, done, leaseOf, only, read, settle, started, take } from './harness.js'

/** The log that a job writes of itself. */
export function loggingClaims(claim: Claim): void {
  claim('lines are appended to the log of their job, oldest first', async ({ driver }) => {
    const [one, two] = [await started(driver), await started(driver)]
    const odd = '\u2028 \ud83d\ude00 "\\\' %s $1 {}'
    assert.deepEqual(
      await driver.progress([
        { ...leaseOf(one), log: ['a', 'b'] },
        { ...leaseOf(two), log: ['other'] },
      ]),
      ['stored', 'stored'],
    )
    await driver.progress([{ ...leaseOf(one), log: ['b', odd, ''] }])
    assert.deepEqual(await driver.log(one.id), ['a', 'b', 'b', odd, ''])
    assert.deepEqual(await driver.log(two.id), ['other'])
  })

  claim('a log keeps the newest lines only', async ({ driver }) => {
    const job = await started(driver)
    const lines = Array.from({ length: keptLogLines + 50 }, (_, n) => `line ${n}`)
    await driver.progress([{ ...leaseOf(job), log: lines.slice(0, 60) }])
    await driver.progress([{ ...leaseOf(job), log: lines.slice(60) }])
    assert.deepEqual(await driver.log(job.id), lines.slice(-keptLogLines))
  })

  claim('a log and the progress of a job do not touch each other', async ({ driver }) => {
    const job = await started(driver)
    await driver.progress([{ ...leaseOf(job), value: '50', log: ['a'] }])
    await driver.progress([{ ...leaseOf(job), log: ['b'] }])
    await driver.progress([{ ...leaseOf(job), value: '60' }])
    assert.equal((await read(driver, job.id)).progress, '60')
    assert.deepEqual(await driver.log(job.id), ['a', 'b'])
  })

  claim('lines with a stale token are lost', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, again)
    const current = only(await take(driver))
    assert.deepEqual(await driver.progress([{ ...leaseOf(job), log: ['stale'] }]), ['lost'])
    await driver.progress([{ ...leaseOf(current), log: ['current'] }])
    assert.deepEqual(await driver.log(job.id), ['current'])
  })

  claim('a log lasts as long as the record of its job', async ({ driver, advance }) => {
    const job = await started(driver)
    await driver.progress([{ ...leaseOf(job), log: ['line'] }])
    await settle(driver, job, { ...done, keep: 10_000 })
    assert.deepEqual(await driver.log(job.id), ['line'])
    await advance(11_000)
    assert.deepEqual(await driver.log(job.id), [])
    assert.deepEqual(await driver.log('unknown'), [])
    await started(driver, { id: job.id })
    assert.deepEqual(await driver.log(job.id), [], 'a new job of the same id begins a new log')
  })
}
