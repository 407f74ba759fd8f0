import assert from 'node:assert/strict'
import {
  again,
  type Claim,
  done,
  idsOf,
  leaseOf,
  listening,
  near,
  newJob,
  only,
  pair,
  request,
  settle,
  take,
} from './harness.js'

const rate = { tokens: 1, per: 60_000, burst: 3 }

/** What a claim may ask of a whole queue: how many jobs are active, and how fast they are given. */
export function limitClaims(claim: Claim): void {
  claim('claim MUST NOT make more jobs of a queue active than request.concurrency', async ({ driver }) => {
    await driver.enqueue(jobs(5))
    assert.equal((await take(driver, { concurrency: 3 })).length, 3)
    assert.deepEqual(await take(driver, { concurrency: 3 }), [])
    assert.equal((await take(driver, { concurrency: 4 })).length, 1)
    assert.deepEqual(await take(driver, { concurrency: 1 }), [])
    assert.equal((await take(driver)).length, 1, 'without a bound there is none')
  })

  claim('the concurrency of a queue does not count the jobs of others', async ({ driver }) => {
    await driver.enqueue([newJob({ queue: 'other' }), newJob()])
    await take(driver, { queue: 'other' })
    assert.equal((await take(driver, { concurrency: 1 })).length, 1)
  })

  claim('request.concurrency MUST hold over all callers at the same time', async (harness) => {
    const drivers = await pair(harness)
    await harness.driver.enqueue(jobs(50))
    const calls = Array.from({ length: 20 }, (_, n) => {
      return take(drivers[n % 2] ?? harness.driver, { max: 3, concurrency: 7 })
    })
    const claimed = (await Promise.all(calls)).flat()
    assert.ok(claimed.length <= 7)
    assert.equal([...claimed, ...(await take(harness.driver, { max: 50, concurrency: 7 }))].length, 7)
  })

  claim('what request.settle ends frees a place in the queue for the same claim', async ({ driver }) => {
    const [first, next] = jobs(2)
    await driver.enqueue([first, next].flatMap((job) => job ?? []))
    const settlement = { ...leaseOf(only(await take(driver, { concurrency: 1 }))), outcome: done }
    const reply = await driver.claim(request({ concurrency: 1, settle: [settlement] }))
    assert.deepEqual(idsOf(reply.jobs), [next?.id])
  })

  claim('a lapsed lease frees a place in its queue once', async ({ driver, advance }) => {
    await driver.enqueue(jobs(3))
    const late = only(await take(driver, { concurrency: 1 }))
    await advance(31_000)
    assert.equal((await take(driver, { concurrency: 1 })).length, 1)
    assert.equal(await settle(driver, late, again), 'lost')
    assert.deepEqual(await take(driver, { concurrency: 1 }), [])
  })

  claim('when a place in a queue becomes free and a job waited for it, wake MUST follow', async (harness) => {
    const [driver, other] = await pair(harness)
    await driver.enqueue(jobs(2))
    const active = only(await take(driver, { concurrency: 1 }))
    assert.deepEqual(await take(driver, { concurrency: 1 }), [])
    const { listener, heard } = await listening(driver)
    await settle(other, active, done)
    await heard('wake', 'q')
    await listener.close()
  })

  claim('when leases lapse, wake MUST follow for the jobs that their claim leaves', async (harness) => {
    const [driver, other] = await pair(harness)
    await driver.enqueue(jobs(4))
    assert.equal((await take(driver, { concurrency: 3 })).length, 3)
    await harness.advance(31_000)
    const { listener, heard } = await listening(driver)
    assert.equal((await take(other, { concurrency: 3, max: 1 })).length, 1)
    await heard('wake', 'q')
    await listener.close()
  })

  claim('claim MUST NOT give more jobs at a time than request.rate has tokens for', async ({ driver, advance }) => {
    await driver.enqueue(jobs(6))
    assert.equal((await take(driver, { rate })).length, 3, 'the bucket is full at first')
    assert.deepEqual(await take(driver, { rate }), [])
    await advance(61_000)
    assert.equal((await take(driver, { rate })).length, 1)
    assert.deepEqual(await take(driver, { rate }), [])
  })

  claim('a bucket saves up no more than its burst', async ({ driver, advance }) => {
    await driver.enqueue(jobs(10))
    await take(driver, { rate })
    await advance(3_600_000)
    assert.equal((await take(driver, { rate })).length, 3)
  })

  claim('a token that is half there is not lost when somebody claims', async ({ driver, advance }) => {
    await driver.enqueue(jobs(5))
    await take(driver, { rate })
    for (const _ of [1, 2, 3]) {
      await advance(15_000)
      assert.deepEqual(await take(driver, { rate }), [])
    }
    await advance(16_000)
    assert.equal((await take(driver, { rate })).length, 1)
  })

  claim('a claim that wants for tokens says when the next one is there', async ({ driver, advance }) => {
    const claimed = () => driver.claim(request({ rate, lease: 600_000 }))
    await driver.enqueue(jobs(4))
    near((await claimed()).nextDue, 60_000)
    await advance(20_000)
    near((await claimed()).nextDue, 40_000)
    await advance(41_000)
    assert.equal((await claimed()).jobs.length, 1)
    assert.equal((await claimed()).nextDue, undefined, 'only an enqueue can bring more')
  })

  claim('request.rate MUST hold over all callers at the same time', async (harness) => {
    const drivers = await pair(harness)
    await harness.driver.enqueue(jobs(20))
    const calls = Array.from({ length: 10 }, (_, n) => take(drivers[n % 2] ?? harness.driver, { max: 2, rate }))
    const claimed = (await Promise.all(calls)).flat()
    assert.ok(claimed.length <= 3)
    assert.equal([...claimed, ...(await take(harness.driver, { rate }))].length, 3)
  })

  claim('every queue has a bucket of its own', async ({ driver }) => {
    await driver.enqueue([...jobs(4), ...Array.from({ length: 4 }, () => newJob({ queue: 'other' }))])
    assert.equal((await take(driver, { rate })).length, 3)
    assert.equal((await take(driver, { rate, queue: 'other' })).length, 3)
  })
}

function jobs(count: number) {
  return Array.from({ length: count }, () => newJob())
}
