import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { JobSignal, QueueDriver } from '../../core/ports/queue.js'
import { memoryQueue, memoryQueueStore } from '../../drivers/memory/queue.js'
import { done, leaseOf, newJob, only, settle, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'
import { reportSpy } from '../kit/spy.js'

test('events: every listener hears what any driver of the store does, in its order and before the hints', async () => {
  const store = memoryQueueStore()
  const [one, two] = [memoryQueue({ store }), memoryQueue({ store })]
  const heard: string[] = []
  for (const driver of [one, two]) {
    const event = ({ type, deliveries }: JobSignal) => void heard.push(`${type} ${deliveries}`)
    await driver.listen({ queues: ['q'], signals: { event, wake: () => void heard.push('wake') } })
  }
  await one.enqueue([newJob()])
  const job = only(await take(two))
  await two.progress([{ ...leaseOf(job), value: '1', log: ['line'] }])
  await one.progress([{ ...leaseOf(job), log: ['another'] }])
  await settle(one, job, done, { enqueue: [newJob()] })
  await turn()
  const all = ['enqueued 0', 'wake', 'started 1', 'progressed 1', 'completed 1', 'enqueued 0', 'wake']
  for (const word of new Set(all)) {
    assert.equal(count(heard, word), 2 * count(all, word), word)
  }
  assert.deepEqual(heard.slice(0, 2), ['enqueued 0', 'wake'])
})

test('events: a holder that gives way is cancelled, a redriven job is enqueued again', async () => {
  const driver = memoryQueue()
  const heard = await hear(driver)
  const lock = { key: 'k', until: 'claimed', replace: { error: '"e"', keep: 1_000 } } as const
  const [first, second] = [newJob({ lock }), newJob({ lock })]
  await driver.enqueue([first])
  await driver.enqueue([second])
  await settle(driver, only(await take(driver)), { type: 'failed', error: '"e"', reason: 'fatal', keep: 1_000 })
  await driver.redrive([second.id])
  await turn()
  assert.deepEqual(
    heard.map(({ type, id }) => [type, id === first.id ? 'first' : 'second']),
    [
      ['enqueued', 'first'],
      ['cancelled', 'first'],
      ['enqueued', 'second'],
      ['started', 'second'],
      ['failed', 'second'],
      ['enqueued', 'second'],
    ],
  )
})

test('events: a listener that throws is reported and disturbs no other', async () => {
  const driver = memoryQueue()
  const report = reportSpy()
  await driver.start?.(driverContext({ report }))
  const boom = () => {
    throw new Error('boom')
  }
  await driver.listen({ queues: ['q'], signals: { event: boom } })
  const heard = await hear(driver)
  await driver.enqueue([newJob()])
  await turn()
  assert.deepEqual(
    heard.map(({ type }) => type),
    ['enqueued'],
  )
  assert.equal(report.reports.length, 1)
})

async function hear(driver: QueueDriver): Promise<JobSignal[]> {
  const heard: JobSignal[] = []
  await driver.listen({ queues: ['q'], signals: { event: (event) => void heard.push(event) } })
  return heard
}

function count(words: readonly string[], word: string): number {
  return words.filter((each) => each === word).length
}
