import assert from 'node:assert/strict'
import type { JobRecord, JobState } from '../../../core/ports/job.js'
import type { ListRequest, QueueDriver } from '../../../core/ports/queue.js'
import { type Claim, cancelled, done, failed, idsOf, newJob, settle, started, take } from './harness.js'

/** Listing the jobs of a queue. */
export function listingClaims(claim: Claim): void {
  claim('list gives the jobs of each state, as get does', async ({ driver }) => {
    const ended = [await started(driver), await started(driver), await started(driver)]
    for (const [n, outcome] of [done, failed, cancelled].entries()) {
      const job = ended[n]
      if (job) await settle(driver, job, outcome)
    }
    const active = await started(driver)
    const [waiting, delayed, other] = [newJob({ key: 'k' }), newJob({ delay: 60_000 }), newJob({ queue: 'other' })]
    await driver.enqueue([waiting, delayed, other])
    const expected: Readonly<Record<JobState, string | undefined>> = {
      waiting: waiting.id,
      delayed: delayed.id,
      active: active.id,
      completed: ended[0]?.id,
      failed: ended[1]?.id,
      cancelled: ended[2]?.id,
    }
    for (const [state, id] of Object.entries(expected)) {
      assert.deepEqual(await list(driver, { state: state as JobState }), await driver.get([String(id)]), state)
    }
  })

  claim('list gives nothing of a queue that nobody has used', async ({ driver }) => {
    assert.deepEqual(await list(driver, { queue: 'unused', state: 'waiting' }), [])
  })

  for (const [state, max] of [
    ['waiting', 10],
    ['delayed', 10],
    ['active', 10],
    ['completed', 10],
    ['completed', 1],
  ] as const) {
    claim(`list MUST give each ${state} job once, in pages of ${max} at most`, async ({ driver }) => {
      const jobs = Array.from({ length: 35 }, (_, n) =>
        newJob({ priority: n % 3, delay: state === 'delayed' ? 60_000 : 0 }),
      )
      await driver.enqueue(jobs)
      const claimed = state === 'active' || state === 'completed' ? await take(driver, { max: 35 }) : []
      if (state === 'completed') for (const job of claimed) await settle(driver, job, done)
      assert.deepEqual(idsOf(await list(driver, { state, max })).sort(), idsOf(jobs).sort())
    })
  }

  claim('list gives only jobs of the task that is asked for', async ({ driver }) => {
    const jobs = Array.from({ length: 30 }, (_, n) => newJob({ task: n % 3 ? 'common' : 'rare' }))
    await driver.enqueue(jobs)
    const rare = jobs.filter(({ task }) => task === 'rare')
    assert.deepEqual(idsOf(await list(driver, { state: 'waiting', task: 'rare', max: 4 })).sort(), idsOf(rare).sort())
    assert.deepEqual(await list(driver, { state: 'waiting', task: 'none' }), [])
  })

  claim('list MUST give ended jobs in the order in which they ended, newest first', async ({ driver, advance }) => {
    const jobs = [await started(driver), await started(driver), await started(driver), await started(driver)]
    const [one, two, three, four] = jobs
    assert.ok(one && two && three && four)
    for (const job of [three, one, four, two]) {
      await settle(driver, job, failed)
      await advance(1_000)
    }
    assert.deepEqual(idsOf(await list(driver, { state: 'failed', max: 2 })), idsOf([two, four, one, three]))
  })

  claim('list MUST give a job that stays once, though others come and go between the pages', async (harness) => {
    const { driver, advance } = harness
    const jobs = []
    for (let n = 0; n < 12; n++) {
      const job = await started(driver)
      await settle(driver, job, failed)
      jobs.push(job)
      await advance(100)
    }
    const gone = new Set(idsOf(jobs.slice(-4)))
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await driver.list({ queue: 'q', state: 'failed', max: 3, ...(cursor ? { cursor } : {}) })
      seen.push(...idsOf(page.jobs))
      await driver.remove([...gone])
      await settle(driver, await started(driver), failed)
      cursor = page.next
    } while (cursor !== undefined)
    for (const { id } of jobs.slice(0, -4)) {
      assert.equal(seen.filter((each) => each === id).length, 1, 'a job that stayed was not given once')
    }
    assert.equal(new Set(seen).size, seen.length, 'a job was given twice')
  })

  claim('list goes by the time of the server: due jobs are waiting, old records gone', async ({ driver, advance }) => {
    const delayed = newJob({ delay: 10_000 })
    await settle(driver, await started(driver), { ...done, keep: 10_000 })
    await driver.enqueue([delayed])
    await advance(11_000)
    assert.deepEqual(idsOf(await list(driver, { state: 'waiting' })), [delayed.id])
    assert.deepEqual(await list(driver, { state: 'delayed' }), [])
    assert.deepEqual(await list(driver, { state: 'completed' }), [])
  })
}

/** All pages of a list. */
async function list(
  driver: QueueDriver,
  asked: Partial<ListRequest> & Pick<ListRequest, 'state'>,
): Promise<JobRecord[]> {
  const listed: JobRecord[] = []
  let cursor: string | undefined
  do {
    const { jobs, next } = await driver.list({ queue: 'q', max: 10, ...asked, ...(cursor ? { cursor } : {}) })
    assert.ok(jobs.length <= (asked.max ?? 10), `${jobs.length} jobs on one page`)
    listed.push(...jobs)
    cursor = next
  } while (cursor !== undefined)
  return listed
}
