import assert from 'node:assert/strict'
import { type Claim, idsOf, leaseOf, near, newJob, only, read, settle, started, take } from './harness.js'

/** Claiming jobs and keeping the claim. */
export function claimingClaims(claim: Claim): void {
  claim('claim gives at most max jobs, oldest first', async ({ driver }) => {
    const jobs = Array.from({ length: 5 }, () => newJob())
    for (const job of jobs) await driver.enqueue([job])
    assert.deepEqual(idsOf(await take(driver, { max: 3 })), idsOf(jobs.slice(0, 3)))
    assert.deepEqual(idsOf(await take(driver, { max: 3 })), idsOf(jobs.slice(3)))
    assert.deepEqual(await take(driver), [])
  })

  claim('jobs of one enqueue call are claimed in its order', async ({ driver }) => {
    const jobs = Array.from({ length: 20 }, () => newJob())
    await driver.enqueue(jobs)
    assert.deepEqual(idsOf(await take(driver, { max: 20 })), idsOf(jobs))
  })

  claim('claim gives jobs of its queue only', async ({ driver }) => {
    await driver.enqueue([newJob({ queue: 'other' })])
    assert.deepEqual(await take(driver), [])
    assert.equal((await take(driver, { queue: 'other' })).length, 1)
  })

  claim('higher priority runs sooner, negative ones last', async ({ driver }) => {
    const jobs = [-5, 0, 10, 2].map((priority) => newJob({ priority }))
    for (const job of jobs) await driver.enqueue([job])
    assert.deepEqual(
      (await take(driver)).map(({ priority }) => priority),
      [10, 2, 0, -5],
    )
  })

  claim('claim MUST give a job to one caller only', async ({ driver, second }) => {
    const other = second ? await second() : driver
    const jobs = Array.from({ length: 200 }, () => newJob())
    await driver.enqueue(jobs)
    const calls = Array.from({ length: 40 }, (_, index) => take(index % 2 ? other : driver, { max: 10 }))
    const claimed = idsOf((await Promise.all(calls)).flat())
    assert.equal(claimed.length, 200)
    assert.equal(new Set(claimed).size, 200)
  })

  claim('claim MUST NOT give a job before it is due', async ({ driver, advance }) => {
    const job = newJob({ delay: 10_000 })
    await driver.enqueue([job])
    await advance(9_000)
    assert.deepEqual(await take(driver), [])
    await advance(1_000)
    assert.deepEqual(idsOf(await take(driver)), [job.id])
  })

  claim('runAt counts on the server\u2019s clock, instead of delay', async ({ driver, advance }) => {
    const probe = newJob({ queue: 'probe' })
    await driver.enqueue([probe])
    const { enqueuedAt } = await read(driver, probe.id)
    const late = newJob({ runAt: enqueuedAt + 60_000 })
    const past = newJob({ runAt: enqueuedAt - 60_000, delay: 3_600_000 })
    await driver.enqueue([late, past])
    assert.deepEqual(idsOf(await take(driver, { lease: 600_000 })), [past.id])
    await advance(61_000)
    assert.deepEqual(idsOf(await take(driver)), [late.id])
  })

  claim('delayed jobs run in the order in which they become due', async ({ driver, advance }) => {
    const jobs = [30_000, 10_000, 20_000].map((delay) => newJob({ delay }))
    await driver.enqueue(jobs)
    await advance(31_000)
    assert.deepEqual(idsOf(await take(driver)), [jobs[1]?.id, jobs[2]?.id, jobs[0]?.id])
  })

  claim('a delayed job that became due goes before one that was enqueued after that', async ({ driver, advance }) => {
    const [delayed, later] = [newJob({ delay: 10_000 }), newJob()]
    await driver.enqueue([delayed])
    await advance(11_000)
    await driver.enqueue([later])
    assert.deepEqual(idsOf(await take(driver)), idsOf([delayed, later]))
  })

  claim('jobs of one call that become due together are claimed in its order', async ({ driver, advance }) => {
    const jobs = Array.from({ length: 20 }, () => newJob({ delay: 10_000 }))
    await driver.enqueue(jobs)
    await advance(11_000)
    assert.deepEqual(idsOf(await take(driver, { max: 20 })), idsOf(jobs))
  })

  claim('deliveries count from 1 and the token is new with every claim', async ({ driver }) => {
    const first = await started(driver)
    assert.equal(first.deliveries, 1)
    await settle(driver, first, { type: 'retry', delay: 0, error: '"e"' })
    const again = only(await take(driver))
    assert.equal(again.deliveries, 2)
    assert.notEqual(again.token, first.token)
  })

  claim('a lease that was not extended in time MUST only put its job back to waiting', async ({ driver, advance }) => {
    const first = await started(driver)
    await advance(29_000)
    assert.deepEqual(await take(driver), [])
    await advance(2_000)
    const again = only(await take(driver))
    assert.deepEqual([again.id, again.deliveries], [first.id, 2])
    assert.equal((await read(driver, first.id)).error, undefined)
  })

  claim('extend renews a lease from now', async ({ driver, advance }) => {
    const job = await started(driver)
    await advance(20_000)
    assert.deepEqual(await driver.extend([leaseOf(job)], 30_000), ['held'])
    await advance(20_000)
    assert.deepEqual(await take(driver), [])
    await advance(11_000)
    assert.equal((await take(driver)).length, 1)
  })

  claim('leases of different lengths lapse each in its own time', async ({ driver, advance }) => {
    const short = await started(driver)
    const job = newJob()
    await driver.enqueue([job])
    const long = only(await take(driver, { lease: 600_000 }))
    await advance(31_000)
    assert.deepEqual(idsOf(await take(driver, { lease: 600_000 })), [short.id])
    await advance(570_000)
    assert.deepEqual(idsOf(await take(driver)), [long.id])
  })

  claim('extend may end a lease sooner', async ({ driver, advance }) => {
    const job = await started(driver)
    assert.deepEqual(await driver.extend([leaseOf(job)], 10_000), ['held'])
    await advance(11_000)
    assert.deepEqual(idsOf(await take(driver)), [job.id])
  })

  claim('extend with a stale token MUST change nothing and say lost', async ({ driver, advance }) => {
    const stale = await started(driver)
    await advance(31_000)
    const current = only(await take(driver, { lease: 10_000 }))
    assert.deepEqual(await driver.extend([leaseOf(stale), leaseOf(current)], 10_000), ['lost', 'held'])
    await driver.extend([leaseOf(stale)], 3_600_000)
    await advance(11_000)
    assert.equal((await take(driver)).length, 1)
  })

  claim('extend says lost for jobs that ended and for unknown ones', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, { type: 'completed', result: undefined, keep: 1_000 })
    assert.deepEqual(await driver.extend([leaseOf(job), { queue: 'q', id: 'unknown', token: '1' }], 1_000), [
      'lost',
      'lost',
    ])
  })

  claim('a claim that comes back short says when the next delayed job is due', async ({ driver }) => {
    const nextDue = async (queue = 'q') => (await driver.claim({ queue, max: 1, lease: 30_000, worker: 'w' })).nextDue
    assert.equal(await nextDue(), undefined)
    await driver.enqueue([newJob({ delay: 60_000 }), newJob({ delay: 90_000 })])
    near(await nextDue(), 60_000)
    await driver.enqueue([newJob()])
    assert.equal(await nextDue(), undefined)
    near(await nextDue(), 60_000)
    assert.equal(await nextDue('other'), undefined)
  })
}
