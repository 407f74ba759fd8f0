import assert from 'node:assert/strict'
import test from 'node:test'
import type { JobState } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { type Happening, isEnded, transitions } from '../../../core/queue/states.js'
import { memoryQueue } from '../../../drivers/memory/queue.js'
import { done, leaseOf, newJob, only, read, take } from '../../conformance/queue/harness.js'
import { createFakeClock, type FakeClock } from '../../kit/clock.js'
import { driverContext } from '../../kit/driver-context.js'

interface Place {
  readonly driver: QueueDriver
  readonly clock: FakeClock
  readonly id: string
}

const states: readonly JobState[] = ['waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled']
const events: readonly Happening[] = [
  'due',
  'claim',
  'lapse',
  'complete',
  'fail',
  'retry',
  'release',
  'cancel',
  'redrive',
]
const keep = 3_600_000
const lease = 10_000

/** How to bring a job into a state. */
const into: Record<JobState, (place: Place) => Promise<unknown>> = {
  waiting: async () => {},
  delayed: async (place) => happen.retry({ ...place, ...(await claimed(place)) }),
  active: claimed,
  completed: async (place) => happen.complete({ ...place, ...(await claimed(place)) }),
  failed: async (place) => happen.fail({ ...place, ...(await claimed(place)) }),
  cancelled: async ({ driver, id }) => driver.cancel([{ id, error: '"e"', keep }]),
}

/** How to let an event happen to a job, whatever its state. A stale or missing token is part of that. */
const happen: Record<Happening, (place: Place & { token?: string }) => Promise<unknown>> = {
  due: ({ clock }) => clock.advance(5_000),
  claim: ({ driver }) => take(driver, { lease }),
  lapse: async ({ driver, clock }) => {
    await clock.advance(lease + 1)
    return driver.counts('q')
  },
  complete: (place) => settled(place, { ...done, keep }),
  fail: (place) => settled(place, { type: 'failed', error: '"e"', reason: 'exhausted', keep }),
  retry: (place) => settled(place, { type: 'retry', delay: 60_000, error: '"e"' }),
  release: (place) => settled(place, { type: 'released', delay: 60_000 }),
  cancel: async ({ driver, id, token }) => {
    const [reply] = await driver.cancel([{ id, error: '"e"', keep }])
    if (reply === 'requested') await settled({ driver, id, token }, { type: 'cancelled', error: '"e"', keep })
  },
  redrive: ({ driver, id }) => driver.redrive([id]),
}

async function claimed({ driver }: Place): Promise<{ token: string }> {
  return { token: only(await take(driver, { lease })).token }
}

function settled(
  { driver, id, token = 'none' }: Pick<Place, 'driver' | 'id'> & { token?: string | undefined },
  outcome: Parameters<QueueDriver['settle']>[0][0]['outcome'],
) {
  return driver.settle([{ ...leaseOf({ queue: 'q', id, token }), outcome }])
}

for (const state of states) {
  for (const event of events) {
    const next = transitions[state][event] ?? state
    // Time passes in the same way for both: a delayed job becomes due when its delay ends, however it got there.
    const expected = state === 'delayed' && event === 'due' ? 'waiting' : next
    test(`${state}, ${event}: ${expected}`, async () => {
      const clock = createFakeClock()
      const driver = memoryQueue()
      await driver.start?.(driverContext({ clock }))
      const job = newJob(state === 'delayed' ? { delay: 5_000 } : {})
      await driver.enqueue([job])
      const place = { driver, clock, id: job.id }
      const entered = state === 'delayed' ? undefined : await into[state](place)
      const token = (entered as { token?: string } | undefined)?.token
      assert.equal((await read(driver, job.id)).state, state)
      if (state === 'delayed' && event === 'lapse') await driver.counts('q')
      else await happen[event]({ ...place, ...(token ? { token } : {}) })
      assert.equal((await read(driver, job.id)).state, expected)
    })
  }
}

test('ended states are those that nothing but a redrive leaves', () => {
  for (const state of states) {
    const leaving = Object.keys(transitions[state]).filter((event) => event !== 'redrive')
    assert.equal(isEnded(state), leaving.length === 0)
  }
})
