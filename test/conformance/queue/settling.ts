import assert from 'node:assert/strict'
import type { ClaimedJob } from '../../../core/ports/job.js'
import { type Claim, done, idsOf, leaseOf, newJob, only, read, settle, started, take } from './harness.js'

/** Ending claims. */
export function settlingClaims(claim: Claim): void {
  claim('a completed job keeps its result', async ({ driver }) => {
    const job = await started(driver)
    assert.equal(await settle(driver, job, { type: 'completed', result: '{"n":1}', keep: 60_000 }), 'settled')
    const record = await read(driver, job.id)
    assert.deepEqual([record.state, record.result, record.error], ['completed', '{"n":1}', undefined])
    assert.deepEqual(await take(driver), [])
  })

  claim('a result of undefined is kept as none', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, { type: 'completed', result: undefined, keep: 60_000 })
    const record = await read(driver, job.id)
    assert.deepEqual([record.state, record.result], ['completed', undefined])
  })

  claim('failed and cancelled jobs keep their error', async ({ driver }) => {
    const [failed, stopped] = [await started(driver), await started(driver)]
    await settle(driver, failed, { type: 'failed', error: '"failed"', reason: 'exhausted', keep: 60_000 })
    await settle(driver, stopped, { type: 'cancelled', error: '"cancelled"', keep: 60_000 })
    const records = await driver.get([failed.id, stopped.id])
    assert.deepEqual(
      records.map((record) => [record?.state, record?.error, record?.reason]),
      [
        ['failed', '"failed"', 'exhausted'],
        ['cancelled', '"cancelled"', undefined],
      ],
    )
  })

  claim('a retry MUST make the job due after its delay and keeps its error', async ({ driver, advance }) => {
    const job = await started(driver)
    await settle(driver, job, { type: 'retry', delay: 5_000, error: '"why"' })
    const record = await read(driver, job.id)
    assert.deepEqual([record.state, record.error], ['delayed', '"why"'])
    await advance(4_000)
    assert.deepEqual(await take(driver), [])
    await advance(1_500)
    assert.equal(only(await take(driver)).deliveries, 2)
  })

  claim('the error of an earlier attempt is gone when the job completes', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, { type: 'retry', delay: 0, error: '"why"' })
    await settle(driver, only(await take(driver)), done)
    assert.equal((await read(driver, job.id)).error, undefined)
  })

  claim('an outcome released MUST give its delivery back, due after its delay', async ({ driver, advance }) => {
    const job = await started(driver)
    assert.equal(await settle(driver, job, { type: 'released', delay: 5_000 }), 'settled')
    const { deliveries, startedAt } = await read(driver, job.id)
    assert.deepEqual([deliveries, startedAt], [0, undefined])
    assert.deepEqual(await take(driver), [])
    await advance(5_500)
    assert.equal(only(await take(driver)).deliveries, 1)
  })

  claim('a released job without a delay is due at once', async ({ driver }) => {
    const job = await started(driver)
    await settle(driver, job, { type: 'released', delay: 0 })
    assert.deepEqual(idsOf(await take(driver)), [job.id])
  })

  claim('settle with a stale token MUST change nothing and say lost', async ({ driver, advance }) => {
    const stale = await started(driver)
    await advance(31_000)
    const current = only(await take(driver))
    assert.equal(await settle(driver, stale, done, { enqueue: [newJob({ queue: 'after' })] }), 'lost')
    assert.equal((await read(driver, stale.id)).state, 'active')
    assert.deepEqual(await take(driver, { queue: 'after' }), [])
    assert.equal(await settle(driver, current, done), 'settled')
  })

  claim('settling twice is harmless: the second says lost', async ({ driver }) => {
    const job = await started(driver)
    assert.equal(await settle(driver, job, done), 'settled')
    assert.equal(await settle(driver, job, { type: 'failed', error: '"e"', reason: 'exhausted', keep: 60_000 }), 'lost')
    assert.equal((await read(driver, job.id)).state, 'completed')
  })

  claim('settle answers each settlement in order', async ({ driver }) => {
    const [one, two] = [await started(driver), await started(driver)]
    const settlements = [one, { ...two, token: 'stale' }, two].map((job) => ({ ...leaseOf(job), outcome: done }))
    assert.deepEqual(await driver.settle(settlements.slice(0, 2)), ['settled', 'lost'])
    assert.deepEqual(await driver.settle(settlements.slice(2)), ['settled'])
  })

  claim('each settlement of a call applies to its own job', async ({ driver }) => {
    const [one, two, three] = [await started(driver), await started(driver), await started(driver)]
    const replies = await driver.settle([
      { ...leaseOf(three), outcome: { type: 'completed', result: '"three"', keep: 60_000 } },
      { ...leaseOf(one), outcome: { type: 'failed', error: '"one"', reason: 'exhausted', keep: 60_000 } },
      { ...leaseOf(two), outcome: { type: 'completed', result: '"two"', keep: 60_000 } },
    ])
    assert.deepEqual(replies, ['settled', 'settled', 'settled'])
    const records = await driver.get([one.id, two.id, three.id])
    assert.deepEqual(
      records.map((record) => [record?.state, record?.result ?? record?.error]),
      [
        ['failed', '"one"'],
        ['completed', '"two"'],
        ['completed', '"three"'],
      ],
    )
  })

  claim('claim MUST apply request.settle before it looks for jobs', async ({ driver }) => {
    const job = await started(driver)
    const request = { queue: 'q', max: 1, lease: 30_000, worker: 'w' }
    const reply = await driver.claim({
      ...request,
      settle: [
        { ...leaseOf(job), outcome: { type: 'retry', delay: 0, error: '"e"' } },
        { queue: 'q', id: 'unknown', token: '1', outcome: done },
      ],
    })
    assert.deepEqual(reply.settled, ['settled', 'lost'])
    assert.deepEqual(idsOf(reply.jobs), [job.id])
  })

  claim('a claim may settle jobs of other queues', async ({ driver }) => {
    const job = await started(driver, { queue: 'other' })
    await driver.claim({ queue: 'q', max: 1, lease: 1_000, worker: 'w', settle: [{ ...leaseOf(job), outcome: done }] })
    assert.equal((await read(driver, job.id)).state, 'completed')
  })

  claim('settle MUST apply outcome and enqueue in one step, each job once', async ({ driver }) => {
    const job = await started(driver)
    const [next, known] = [newJob(), newJob({ queue: 'known' })]
    await driver.enqueue([known])
    assert.equal(await settle(driver, job, done, { enqueue: [next, known] }), 'settled')
    await settle(driver, job, done, { enqueue: [next, newJob()] })
    assert.deepEqual(idsOf(await take(driver)), [next.id])
    assert.equal((await take(driver, { queue: 'known' })).length, 1)
  })

  claim('what follows a settlement is stored before the next settlement of the call applies', async ({ driver }) => {
    const lock = { key: 'k', until: 'ended' } as const
    const [first, gone, holder] = [
      await started(driver),
      await started(driver),
      await started(driver, { queue: 'after', lock }),
    ]
    const follows = { enqueue: [newJob({ id: gone.id, queue: 'after' }), newJob({ queue: 'after', lock })] }
    const replies = await driver.settle([
      { ...leaseOf(first), outcome: done, ...follows },
      { ...leaseOf(gone), outcome: { ...done, keep: 0 } },
      { ...leaseOf(holder), outcome: done },
    ])
    assert.deepEqual(replies, ['settled', 'settled', 'settled'])
    assert.deepEqual(await driver.get([gone.id]), [undefined])
    assert.deepEqual(await take(driver, { queue: 'after' }), [])
  })

  claim('a join enqueues what follows with the last member, once', async ({ driver }) => {
    const members = [await started(driver), await started(driver), await started(driver)]
    const next = [newJob({ queue: 'then' })]
    for (const [member, job] of members.entries()) {
      assert.deepEqual(await take(driver, { queue: 'then' }), [])
      await settle(driver, job, done, { join: { id: 'join', member, size: 3, keep: 60_000, next } })
    }
    assert.deepEqual(idsOf(await take(driver, { queue: 'then' })), idsOf(next))
  })

  claim('counting the same member of a join again MUST change nothing', async ({ driver }) => {
    const next = [newJob({ queue: 'then' })]
    for (const member of [0, 0, 0]) {
      await settle(driver, await started(driver), done, { join: { id: 'join', member, size: 2, keep: 60_000, next } })
    }
    assert.deepEqual(await take(driver, { queue: 'then' }), [])
    await settle(driver, await started(driver), done, { join: { id: 'join', member: 1, size: 2, keep: 60_000, next } })
    assert.equal((await take(driver, { queue: 'then' })).length, 1)
  })

  claim('counting a member of a join that has fired MUST change nothing', async ({ driver }) => {
    for (const _ of [1, 2]) {
      const next = [newJob({ queue: 'then' })]
      await settle(driver, await started(driver), done, {
        join: { id: 'join', member: 0, size: 1, keep: 60_000, next },
      })
    }
    assert.equal((await take(driver, { queue: 'then' })).length, 1)
  })

  claim('a join is remembered for its keep after it was last counted', async ({ driver, advance }) => {
    const next = [newJob({ queue: 'then' })]
    for (const member of [0, 1, 2]) {
      const join = { id: 'join', member, size: 3, keep: 60_000, next }
      await settle(driver, await started(driver), done, { join })
      await advance(50_000)
    }
    assert.deepEqual(idsOf(await take(driver, { queue: 'then' })), idsOf(next))
  })

  claim('a join whose members end at the same time enqueues what follows once', async ({ driver, second }) => {
    const other = second ? await second() : driver
    const members: ClaimedJob[] = []
    for (let n = 0; n < 20; n++) members.push(await started(driver))
    const settling = members.map((job, member) => {
      const next = [newJob({ queue: 'then' })]
      return settle(member % 2 ? other : driver, job, done, {
        join: { id: 'join', member, size: 20, keep: 60_000, next },
      })
    })
    assert.deepEqual(new Set(await Promise.all(settling)), new Set(['settled']))
    assert.equal((await take(driver, { queue: 'then' })).length, 1)
  })

  claim('progress is kept with the job, and a stale token MUST change nothing and say lost', async ({ driver }) => {
    const job = await started(driver)
    assert.deepEqual(await driver.progress([{ ...leaseOf(job), value: '50' }]), ['stored'])
    assert.deepEqual(await driver.progress([{ ...leaseOf(job), token: 'stale', value: '1' }]), ['lost'])
    assert.equal((await read(driver, job.id)).progress, '50')
    await settle(driver, job, done)
    assert.equal((await read(driver, job.id)).progress, '50')
    assert.deepEqual(await driver.progress([{ ...leaseOf(job), value: '99' }]), ['lost'])
  })
}
