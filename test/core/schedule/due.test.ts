import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { dueOccurrences, type MissedPolicy, mostMadeUp, onTime } from '../../../core/schedule/due.js'
import { interval, type Recurrence } from '../../../core/schedule/recurrence.js'

const every = (length: number, missed: MissedPolicy) => (cursor: number, now: number) =>
  dueOccurrences(interval(length), { missed, cursor, now })

describe('intervals', () => {
  test('are aligned to the epoch', () => {
    const { next, previous } = interval(1_500)
    assert.deepEqual([next(0), next(1_499), next(1_500)], [1_500, 1_500, 3_000])
    assert.deepEqual([previous(3_000), previous(3_001), previous(1)], [1_500, 3_000, 0])
    assert.equal(
      new Date(interval(86_400_000).next(Date.UTC(2026, 0, 1, 12)) ?? 0).toISOString(),
      '2026-01-02T00:00:00.000Z',
    )
  })
})

for (const missed of ['skip', 'once', 'all'] as const) {
  test(`${missed}: nothing is due before the next occurrence, and one at its moment`, () => {
    const due = every(10_000, missed)
    assert.equal(due(10_000, 19_999), undefined)
    assert.deepEqual(due(10_000, 20_000), { moments: [20_000], to: 20_000 })
  })
}

test('skip makes the latest occurrence while it is on time', () => {
  const hourly = every(3_600_000, 'skip')
  assert.deepEqual(hourly(0, 3_600_000 + onTime), { moments: [3_600_000], to: 3_600_000 })
  assert.deepEqual(hourly(0, 3_600_000 + onTime + 1), { moments: [], to: 3_600_000 + onTime + 1 })
  assert.deepEqual(every(10_000, 'skip')(0, 45_000), { moments: [40_000], to: 40_000 })
})

test('once makes the latest of all that were missed', () => {
  assert.deepEqual(every(10_000, 'once')(0, 10_000_001), { moments: [10_000_000], to: 10_000_000 })
})

test('all makes each, up to its bound, and says what it drops', () => {
  assert.deepEqual(every(10_000, 'all')(0, 35_000), { moments: [10_000, 20_000, 30_000], to: 30_000 })
  const full = every(1_000, 'all')(0, mostMadeUp * 1_000)
  assert.deepEqual([full?.moments.length, full?.moments[0], full?.dropped], [mostMadeUp, 1_000, undefined])
  const more = every(1_000, 'all')(0, (mostMadeUp + 5) * 1_000)
  assert.deepEqual([more?.moments.length, more?.moments[0], more?.dropped], [mostMadeUp, 6_000, 5_000])
})

test('however looks are spread, all makes each occurrence once, and the others make none twice', () => {
  const moments = fc
    .uniqueArray(fc.integer({ min: 1, max: 5_000 }), { maxLength: 60 })
    .map((list) => list.sort((a, b) => a - b))
  const steps = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 30 })
  fc.assert(
    fc.property(moments, steps, fc.constantFrom<MissedPolicy>('skip', 'once', 'all'), (times, looks, missed) => {
      const recurrence = listed(times)
      const made: number[] = []
      let [cursor, now] = [0, 0]
      for (const step of looks) {
        now += step
        const due = dueOccurrences(recurrence, { missed, cursor, now })
        if (due) assert.ok(due.to > cursor && due.to <= now)
        made.push(...(due?.moments ?? []))
        cursor = due?.to ?? cursor
      }
      const passed = times.filter((time) => time <= now)
      if (missed === 'all') assert.deepEqual(made, passed)
      assert.equal(new Set(made).size, made.length)
      assert.ok(made.every((moment) => passed.includes(moment)))
      assert.equal(made.at(-1), passed.at(-1), 'the latest is never older than its tolerance here')
    }),
  )
})

function listed(times: readonly number[]): Recurrence {
  return {
    next: (after) => times.find((time) => time > after),
    previous: (before) => times.findLast((time) => time < before),
  }
}
