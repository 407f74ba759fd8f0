import assert from 'node:assert/strict'
import type { ClaimedJob, NewJob } from '../../../core/ports/job.js'
import {
  again,
  type Claim,
  cancelled,
  done,
  failed,
  idsOf,
  leaseOf,
  listening,
  newJob,
  only,
  pair,
  read,
  released,
  request,
  settle,
  take,
} from './harness.js'

/** Groups: how many of their jobs are active, and whose turn it is. */
export function groupClaims(claim: Claim): void {
  claim('claim MUST NOT make more jobs of a group active than its limit', async ({ driver }) => {
    const jobs = [grouped('a', 2), grouped('a', 2), grouped('a', 2)]
    await driver.enqueue(jobs)
    assert.deepEqual(idsOf(await take(driver)), idsOf(jobs.slice(0, 2)))
    assert.deepEqual(await take(driver), [])
    assert.equal((await driver.counts('q')).waiting, 1)
  })

  claim('a line whose group is full is passed over, also for jobs of lower priority', async ({ driver }) => {
    const [first, next] = [grouped('a', 1, { priority: 5 }), grouped('a', 1, { priority: 5 })]
    const others = [grouped('b', 1), newJob(), newJob({ priority: -5 })]
    await driver.enqueue([first, next, ...others])
    const claimed = await take(driver)
    assert.equal(claimed[0]?.id, first.id)
    assert.equal(claimed[3]?.id, others[2]?.id)
    assert.deepEqual(new Set(idsOf(claimed)), new Set(idsOf([first, ...others])))
  })

  claim('a group is one of its queue, and its key any text', async ({ driver }) => {
    const keys = ['a', 'A', ' a', '', 'schl\u00fcssel:{\u9470} \\', '%', '*']
    const jobs = ['q', 'other'].flatMap((queue) => keys.map((key) => grouped(key, 1, { queue })))
    await driver.enqueue(jobs)
    assert.equal((await take(driver)).length, keys.length)
    assert.equal((await take(driver, { queue: 'other' })).length, keys.length)
  })

  claim('a limit holds over all priorities of a group', async ({ driver }) => {
    const jobs = [5, 0, -5].map((priority) => grouped('a', 1, { priority }))
    await driver.enqueue(jobs)
    assert.deepEqual(idsOf(await take(driver)), [jobs[0]?.id])
  })

  claim('it is the limit of the job that is given which counts', async ({ driver }) => {
    await driver.enqueue([grouped('a', 1)])
    await take(driver)
    const wide = grouped('a', 2)
    await driver.enqueue([wide])
    assert.deepEqual(idsOf(await take(driver)), [wide.id])
    await driver.enqueue([grouped('a', 2)])
    assert.deepEqual(await take(driver), [])
  })

  for (const outcome of [done, failed, cancelled, { ...again, delay: 60_000 }, { ...released, delay: 60_000 }]) {
    claim(`settled as ${outcome.type}, a job frees its place in the group`, async ({ driver }) => {
      const [first, next] = [grouped('a', 1), grouped('a', 1)]
      await driver.enqueue([first, next])
      await settle(driver, only(await take(driver)), outcome)
      assert.deepEqual(idsOf(await take(driver)), [next.id])
      assert.deepEqual(await take(driver), [])
    })
  }

  claim('what request.settle ends MUST count before the limits of the same claim', async ({ driver }) => {
    const [first, next] = [grouped('a', 1), grouped('a', 1)]
    await driver.enqueue([first, next])
    const settlement = { ...leaseOf(only(await take(driver))), outcome: done }
    const { jobs } = await driver.claim(request({ settle: [settlement] }))
    assert.deepEqual(idsOf(jobs), [next.id])
  })

  claim('a lapsed lease frees its place once: the late settle frees no other', async ({ driver, advance }) => {
    await driver.enqueue([grouped('a', 1), grouped('a', 1), grouped('a', 1)])
    const late = only(await take(driver))
    await advance(31_000)
    const current = only(await take(driver))
    assert.equal(await settle(driver, late, done), 'lost')
    assert.deepEqual(await driver.extend([leaseOf(late)], 30_000), ['lost'])
    assert.deepEqual(await take(driver), [])
    assert.equal(await settle(driver, current, done), 'settled')
    assert.equal((await take(driver)).length, 1)
    assert.deepEqual(await take(driver), [])
  })

  claim('a settle that is sent twice frees one place', async ({ driver }) => {
    await driver.enqueue(Array.from({ length: 4 }, () => grouped('a', 2)))
    const [one] = await take(driver)
    assert.ok(one)
    for (const reply of ['settled', 'lost']) assert.equal(await settle(driver, one, done), reply)
    assert.equal((await take(driver)).length, 1)
  })

  claim('limits of groups MUST hold over all callers at the same time', async (harness) => {
    const drivers = await pair(harness)
    const keys = ['a', 'b', 'c', 'd']
    await harness.driver.enqueue(keys.flatMap((key) => Array.from({ length: 10 }, () => grouped(key, 3))))
    const calls = Array.from({ length: 20 }, (_, n) => take(drivers[n % 2] ?? harness.driver, { max: 5 }))
    const claimed = (await Promise.all(calls)).flat()
    for (const key of keys) assert.ok(countOf(claimed, key) <= 3)
    assert.equal([...claimed, ...(await take(harness.driver, { max: 50 }))].length, 12)
  })

  claim('a cancelled job of a group holds no place, and one that is asked to end holds its own', async ({ driver }) => {
    const [first, second, third] = [grouped('a', 1), grouped('a', 1), grouped('a', 1)]
    await driver.enqueue([first, second, third])
    const active = only(await take(driver))
    await driver.cancel([first, second].map(({ id }) => ({ id, error: '"c"', keep: 60_000 })))
    assert.deepEqual(await take(driver), [])
    await settle(driver, active, cancelled)
    assert.deepEqual(idsOf(await take(driver)), [third.id])
  })

  claim('when a place in a group becomes free and a job waited for it, wake MUST follow', async (harness) => {
    const [driver, other] = await pair(harness)
    await driver.enqueue([grouped('a', 1), grouped('a', 1)])
    const active = only(await take(driver))
    assert.deepEqual(await take(driver), [])
    const { listener, heard } = await listening(driver)
    await settle(other, active, done)
    await heard('wake', 'q')
    await listener.close()
  })

  claim('the lines of a priority MUST take turns within one claim', async ({ driver }) => {
    const jobs = ['a', 'b', 'c'].flatMap((key) => Array.from({ length: 6 }, () => grouped(key, 10)))
    await driver.enqueue([...jobs, ...Array.from({ length: 6 }, () => newJob({ payload: '""' }))])
    for (const max of [4, 8]) {
      const claimed = await take(driver, { max })
      for (const key of ['a', 'b', 'c', '']) assert.equal(countOf(claimed, key), max / 4, `line "${key}" of ${max}`)
    }
    const rest = await take(driver, { max: 6 })
    for (const key of ['a', 'b', 'c', '']) assert.ok(countOf(rest, key) >= 1 && countOf(rest, key) <= 2)
  })

  claim('a line that was given from goes behind the others for later claims too', async ({ driver }) => {
    const jobs = ['a', 'b', 'c'].flatMap((key) => Array.from({ length: 4 }, () => grouped(key, 10)))
    await driver.enqueue(jobs)
    for (const _ of [1, 2, 3]) {
      const claimed = [await take(driver, { max: 1 }), await take(driver, { max: 1 }), await take(driver, { max: 1 })]
      assert.deepEqual(new Set(claimed.flat().map(({ payload }) => payload)), new Set(['"a"', '"b"', '"c"']))
    }
  })

  claim('a line that is short or full leaves its turns to the others', async ({ driver }) => {
    const jobs = [
      ...Array.from({ length: 10 }, () => grouped('a', 10)),
      grouped('b', 10),
      grouped('c', 1),
      grouped('c', 1),
    ]
    await driver.enqueue(jobs)
    const claimed = await take(driver, { max: 8 })
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => countOf(claimed, key)),
      [6, 1, 1],
    )
  })

  claim('within a line, jobs are given in the order in which they became due', async ({ driver, advance }) => {
    const [late, soon] = [20_000, 10_000].map((delay) => grouped('a', 10, { delay })) as [NewJob, NewJob]
    const [one, two, three] = [grouped('a', 10), grouped('b', 10), grouped('a', 10)]
    await driver.enqueue([late, soon, one, two, three])
    await advance(21_000)
    const line = (await take(driver)).filter(({ id }) => id !== two.id)
    assert.deepEqual(idsOf(line), idsOf([one, three, soon, late]))
  })

  claim('every priority has lines of its own, the higher ones first', async ({ driver }) => {
    const high = Array.from({ length: 3 }, () => grouped('a', 10, { priority: 5 }))
    await driver.enqueue([grouped('b', 10), ...high, grouped('c', 10)])
    assert.deepEqual(idsOf(await take(driver, { max: 3 })), idsOf(high))
    assert.equal((await take(driver)).length, 2)
  })

  claim('a job that is put back or redriven stands in its group again', async ({ driver }) => {
    await driver.enqueue([grouped('a', 1), grouped('a', 1)])
    await settle(driver, only(await take(driver)), released)
    const second = only(await take(driver))
    assert.deepEqual(await take(driver), [])
    await settle(driver, second, failed)
    const third = only(await take(driver))
    await driver.redrive([second.id])
    assert.deepEqual(await take(driver), [])
    assert.equal((await read(driver, second.id)).state, 'waiting')
    await settle(driver, third, done)
    assert.deepEqual(idsOf(await take(driver)), [second.id])
  })
}

/** A job of a group, with the group's key as its payload. */
function grouped(key: string, limit: number, changes: Partial<NewJob> = {}): NewJob {
  return newJob({ payload: JSON.stringify(key), group: { key, limit }, ...changes })
}

function countOf(jobs: readonly ClaimedJob[], key: string): number {
  return jobs.filter(({ payload }) => payload === JSON.stringify(key)).length
}
