import assert from 'node:assert/strict'
import {
  type Claim,
  done,
  idsOf,
  leaseOf,
  listening,
  newJob,
  only,
  pair,
  read,
  request,
  settle,
  started,
  take,
} from './harness.js'

/** Pausing queues. */
export function pausingClaims(claim: Claim): void {
  claim('a paused queue gives no job, to no caller, until it is resumed', async (harness) => {
    const [driver, other] = await pair(harness)
    const jobs = [newJob(), newJob()]
    await driver.enqueue(jobs)
    await driver.pause('q', true)
    for (const each of [driver, other]) {
      assert.equal(await each.isPaused('q'), true)
      assert.deepEqual(await take(each), [])
    }
    await other.pause('q', false)
    assert.equal(await driver.isPaused('q'), false)
    assert.deepEqual(idsOf(await take(driver)), idsOf(jobs))
  })

  claim('pausing a queue twice is undone by resuming it once', async ({ driver }) => {
    await driver.enqueue([newJob()])
    for (const paused of [true, true, false]) await driver.pause('q', paused)
    assert.equal((await take(driver)).length, 1)
  })

  claim('a queue that was resumed before it had its first job gives it', async ({ driver }) => {
    await driver.pause('q', true)
    await driver.pause('q', false)
    const job = newJob()
    await driver.enqueue([job])
    assert.deepEqual(idsOf(await take(driver, { max: 1 })), [job.id])
  })

  claim('pausing a queue leaves the others alone', async ({ driver }) => {
    await driver.pause('other', true)
    assert.equal(await driver.isPaused('q'), false)
    await driver.enqueue([newJob()])
    assert.equal((await take(driver)).length, 1)
  })

  claim('what runs in a paused queue may extend, settle and go on', async ({ driver }) => {
    const [one, two] = [await started(driver), await started(driver)]
    await driver.pause('q', true)
    const next = newJob()
    assert.deepEqual(await driver.extend([leaseOf(one)], 30_000), ['held'])
    assert.equal(await settle(driver, one, done, { enqueue: [next] }), 'settled')
    const reply = await driver.claim(request({ settle: [{ ...leaseOf(two), outcome: done }] }))
    assert.deepEqual(reply, { jobs: [], settled: ['settled'] })
    assert.equal((await read(driver, next.id)).state, 'waiting')
  })

  claim('a paused queue does not say when its next job is due', async ({ driver }) => {
    await driver.enqueue([newJob(), newJob({ delay: 60_000 })])
    await driver.pause('q', true)
    assert.deepEqual(await driver.claim(request()), { jobs: [], settled: [] })
  })

  claim('when a queue is resumed and a job waited for it, wake MUST follow', async (harness) => {
    const [driver, other] = await pair(harness)
    await driver.pause('q', true)
    await driver.enqueue([newJob()])
    assert.deepEqual(await take(driver), [])
    const { listener, heard } = await listening(driver)
    await other.pause('q', false)
    await heard('wake', 'q')
    await listener.close()
    only(await take(driver))
  })
}
