import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import test from 'node:test'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { gate } from '../../kit/spy.js'
import { createRunning } from './setup.js'

/** A driver that keeps the order of calls and wakes nobody. */
function silent(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    supports: { ...driver.supports, pipelined: true },
    listen: (options) => driver.listen({ ...options, signals: { ...options.signals, wake: () => {} } }),
  }
}

const noop = defineTask({ name: 'noop', run() {} })

test('a worker claims what its own process enqueues before the backend has answered or told of it', async () => {
  const stored = gate()
  const { queue, clock } = await createRunning({
    tasks: [noop],
    wrap: (driver) => ({
      ...silent(driver),
      async enqueue(jobs) {
        const outcomes = await driver.enqueue(jobs)
        await stored.promise
        return outcomes
      },
    }),
  })
  const enqueuing = queue.enqueue(noop)
  await clock.settle()
  assert.equal((await queue.counts('default')).completed, 1)
  stored.open()
  await enqueuing
})

test('it does not claim for jobs that are not due, nor from queues that it does not serve', async () => {
  const claims: string[] = []
  const elsewhere = defineTask({ name: 'elsewhere', queue: 'elsewhere', run() {} })
  const { queue, clock } = await createRunning({
    tasks: [noop],
    wrap: (driver) => ({
      ...silent(driver),
      claim(request) {
        claims.push(request.queue)
        return driver.claim(request)
      },
    }),
  })
  claims.length = 0
  await queue.enqueue(noop, undefined, { delay: '10s' })
  await queue.enqueue(elsewhere)
  await clock.settle()
  assert.deepEqual(claims, [])
  await queue.enqueueMany([{ task: noop }, { task: elsewhere }])
  await clock.settle()
  assert.ok(claims.length > 0 && claims.every((name) => name === 'default'))
})

test('its jobs do not run in the context of the call that enqueued them', async () => {
  const request = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const task = defineTask({ name: 'look', run: () => void seen.push(request.getStore()) })
  const { queue, clock } = await createRunning({ tasks: [task], wrap: silent })
  await request.run('first', () => queue.enqueue(task))
  await clock.settle()
  await request.run('second', () => queue.enqueue(task))
  await clock.settle()
  assert.deepEqual(seen, [undefined, undefined])
})
