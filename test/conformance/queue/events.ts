import assert from 'node:assert/strict'
import {
  again,
  type Claim,
  cancelled,
  done,
  failed,
  leaseOf,
  listening,
  newJob,
  only,
  pair,
  released,
  settle,
  started,
  take,
} from './harness.js'

/** Events about jobs, for every process where the driver has them. */
export function eventClaims(claim: Claim): void {
  claim('with supports.events, what happens to a job is told in every process', async (harness) => {
    const [driver, other] = await pair(harness)
    if (!driver.supports.events) return
    const { listener, heard } = await listening(driver)
    for (const [outcome, event] of [
      [done, 'completed'],
      [failed, 'failed'],
      [cancelled, 'cancelled'],
    ] as const) {
      const { id, token } = await started(other)
      await heard('enqueued', id)
      await heard('started', id)
      await other.progress([{ queue: 'q', id, token, value: '50' }])
      await heard('progressed', id)
      await settle(other, { queue: 'q', id, token }, outcome)
      await heard(event, id)
    }
    await listener.close()
  })

  claim('with supports.events, a retry, a release, a lapse and a cancellation are told', async (harness) => {
    const [driver, other] = await pair(harness)
    if (!driver.supports.events) return
    const { listener, heard } = await listening(driver)
    const { id } = await started(other)
    await harness.advance(31_000)
    const next = only(await take(other))
    await heard('lapsed', id)
    await settle(other, next, again)
    await heard('retried', id)
    await settle(other, only(await take(other)), released)
    await heard('released', id)
    await other.cancel([{ id, error: '"c"', keep: 60_000 }])
    await heard('cancelled', id)
    await listener.close()
  })

  claim('with supports.events, an event says which job it is about', async ({ driver }) => {
    if (!driver.supports.events) return
    const { listener, heard, events } = await listening(driver)
    const { id, token } = await started(driver, { task: 'mail' })
    await settle(driver, { queue: 'q', id, token }, done)
    await heard('completed', id)
    const completed = events.find(({ type }) => type === 'completed')
    assert.deepEqual(completed, { type: 'completed', queue: 'q', id, task: 'mail', deliveries: 1 })
    await listener.close()
  })

  claim('without supports.events, event MUST never be called, and never for other queues', async ({ driver }) => {
    const { listener, heard, events } = await listening(driver, [driver.supports.events ? 'other' : 'q', 'fence'])
    const job = await started(driver)
    await driver.progress([{ ...leaseOf(job), value: '50' }])
    await settle(driver, job, again)
    await settle(driver, only(await take(driver)), done)
    await driver.enqueue([newJob({ queue: 'fence' })])
    await heard('wake', 'fence')
    assert.deepEqual(
      events.filter(({ queue }) => queue !== 'fence'),
      [],
    )
    await listener.close()
  })
}
