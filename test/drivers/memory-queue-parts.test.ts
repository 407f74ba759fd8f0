import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Lock } from '../../core/ports/job.js'
import { createEndedJobs } from '../../drivers/memory/ended-jobs.js'
import { createHeap } from '../../drivers/memory/heap.js'
import { createEntry, type Ended, type JobEntry } from '../../drivers/memory/job-entry.js'
import { createJobMoves } from '../../drivers/memory/job-moves.js'
import { createLocks } from '../../drivers/memory/locks.js'
import { createRoll } from '../../drivers/memory/roll.js'
import { createTokenBucket } from '../../drivers/memory/token-bucket.js'
import { newJob } from '../conformance/queue/harness.js'

test('heap: the least comes first, whoever left before', () => {
  const steps = fc.array(fc.record({ value: fc.integer(), leaves: fc.option(fc.nat()) }))
  fc.assert(
    fc.property(steps, (all) => {
      const heap = createHeap<{ readonly value: number; place: number }>((left, right) => left.value < right.value)
      let items: { readonly value: number; place: number }[] = []
      for (const { value, leaves } of all) {
        const item = { value, place: 0 }
        heap.push(item)
        items.push(item)
        if (leaves === null) continue
        const gone = items[leaves % items.length]
        items = items.filter((each) => each !== gone)
        if (gone) heap.remove(gone)
      }
      const sorted = items.map((item) => item.value).sort((left, right) => left - right)
      assert.deepEqual(
        sorted.map(() => heap.pop()?.value),
        sorted,
      )
      assert.equal(heap.pop(), undefined)
    }),
  )
})

test('roll: both ways from any number, without those that are gone', () => {
  const gone = new Set<number>()
  const roll = createRoll<number>({ numberOf: (item) => item, isGone: (item) => gone.has(item) })
  let left = 0
  for (let n = 1; n <= 1_000; n++) {
    roll.push(n)
    left++
    if (n % 10 === 0) continue
    gone.add(n)
    roll.left(--left)
  }
  assert.deepEqual([...roll.after(955)], [960, 970, 980, 990, 1_000])
  assert.deepEqual([...roll.before(41)], [40, 30, 20, 10])
  assert.deepEqual([...roll.after(1_000)], [])
  assert.equal(roll.oldest, 10)
})

test('locks: those that have expired are not remembered', () => {
  const locks = createLocks()
  for (let n = 0; n < 1_000; n++) hold(locks, { key: `k${n}`, until: 100 }, n)
  assert.equal(locks.holder('k999', 1_098)?.id, 'job 999')
  assert.equal(locks.size, 1)
  assert.equal(locks.holder('k999', 1_099), undefined)
  assert.equal(locks.size, 0)
})

test('locks: one for a time keeps no job alive that has ended', () => {
  const locks = createLocks()
  const job = hold(locks, { key: 'k', until: 100 }, 0)
  locks.reached('claimed', job)
  assert.equal(locks.holder('k', 0)?.entry, job)
  locks.reached('ended', job)
  assert.deepEqual([locks.holder('k', 0)?.id, locks.holder('k', 0)?.entry], ['job 0', undefined])
})

function hold(locks: ReturnType<typeof createLocks>, lock: Lock, now: number): JobEntry {
  const job = createEntry(newJob({ id: `job ${now}`, lock }), 1, now)
  locks.take(job, lock)
  return job
}

test('bucket: a token is there when wait says so, however odd the rate', () => {
  const rates = fc.record({
    tokens: fc.integer({ min: 1, max: 1_000 }),
    per: fc.integer({ min: 1, max: 100_000_000 }),
    burst: fc.integer({ min: 1, max: 100 }),
  })
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 50 }), (rate, times) => {
      const bucket = createTokenBucket()
      const start = 1_800_000_000_000
      assert.equal(bucket.tokens(rate, start), rate.burst)
      bucket.spend(rate.burst)
      let now = start
      let spent = 0
      for (let n = 0; n < times; n++) {
        const wait = bucket.wait(rate)
        now += wait
        const tokens = bucket.tokens(rate, now)
        assert.ok(tokens >= 1 || wait === 0)
        bucket.spend(tokens)
        spent += tokens
        const earned = ((now - start) * rate.tokens) / rate.per
        assert.ok(spent <= earned + 1e-3, `${spent} spent, ${earned} earned`)
      }
    }),
  )
})

test('bucket: a clock that is set back gives nothing and holds back nothing', () => {
  const rate = { tokens: 1, per: 1_000, burst: 2 }
  const bucket = createTokenBucket()
  assert.equal(bucket.tokens(rate, 1_000_000), 2)
  bucket.spend(2)
  assert.equal(bucket.tokens(rate, 500_000), 0)
  assert.equal(bucket.tokens(rate, 501_000), 1)
})

test('records: the oldest goes when there are too many, and each when its time has passed', () => {
  const { records, gone, end } = shelves(3)
  const ended = [end(1, 1_000), end(2, 10), end(3, 10)]
  if (ended[1]) records.drop(ended[1])
  end(4, 10)
  assert.deepEqual(gone, [2])
  end(5, 5)
  assert.deepEqual(gone, [2, 1])
  records.expire(13)
  assert.deepEqual(gone, [2, 1, 5, 3])
  records.expire(100)
  assert.deepEqual(gone, [2, 1, 5, 3, 4])
})

test('records: each goes in its time, though the clock was set back', () => {
  const { records, gone, end } = shelves(10)
  for (const now of [500, 100, 510, 110]) end(now, 50)
  records.expire(149)
  assert.deepEqual(gone, [])
  records.expire(150)
  assert.deepEqual(gone, [100])
  records.expire(160)
  assert.deepEqual(gone, [100, 110])
  records.expire(560)
  assert.deepEqual(gone, [100, 110, 500, 510])
})

/** Records whose numbers are the times at which they end. */
function shelves(limit: number) {
  const gone: number[] = []
  const records = createEndedJobs(limit, (ended) => {
    ended.entry = undefined
    gone.push(ended.number)
  })
  function end(now: number, keep: number): Ended {
    const entry = createEntry(newJob(), now, now)
    const shelf = records.shelf(keep, now)
    const ended: Ended = { entry, number: now, startedAt: undefined, at: now, shelf, result: undefined }
    records.add(ended)
    return ended
  }
  return { records, gone, end }
}

test('asking about a queue that nobody uses leaves nothing behind', () => {
  const moves = createJobMoves(10)
  moves.currentQueue('unused', 0)
  assert.notEqual(moves.queueOf('unused'), moves.queueOf('unused'))
  moves.store(newJob({ queue: 'used' }), 0)
  assert.equal(moves.queueOf('used'), moves.queueOf('used'))
})
