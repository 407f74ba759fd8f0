import assert from 'node:assert/strict'
import test from 'node:test'
import type { QueueDriver } from '../../../core/ports/queue.js'
import type { Job } from '../../../core/queue/job.js'
import type { TaskQueue } from '../../../core/queue/queue.js'
import { createProcess } from './setup.js'
import { obedient } from './tasks.js'

const never = new Promise<never>(() => {})

/** Every call of the facade that asks the backend, but for `enqueue`, which has an error of its own. */
const calls: Readonly<Record<string, (queue: TaskQueue, job: Job) => Promise<unknown>>> = {
  'getResult()': (queue, { id }) => queue.getResult(id),
  'job.status()': (_, job) => job.status(),
  'job.progress()': (_, job) => job.progress(),
  'job.cancel()': (_, job) => job.cancel(),
  'job.redrive()': (_, job) => job.redrive(),
  'job.remove()': (_, job) => job.remove(),
  'job.promote()': (_, job) => job.promote(),
  'job.log()': (_, job) => job.log(),
  'pause()': (queue) => queue.pause('default'),
  'resume()': (queue) => queue.resume('default'),
  'isPaused()': (queue) => queue.isPaused('default'),
  'counts()': (queue) => queue.counts('default'),
  'list()': (queue) => queue.list({ queue: 'default', state: 'failed' }),
  'redrive()': (queue) => queue.redrive({ queue: 'default' }),
  'remove()': (queue) => queue.remove({ queue: 'default', state: 'failed' }),
}

for (const [name, call] of Object.entries(calls)) {
  test(`${name} does not wait for ever for a backend that does not answer`, async () => {
    let away = false
    const wrap = (driver: QueueDriver) =>
      new Proxy(driver, {
        get: (target, method: keyof QueueDriver) =>
          away && typeof target[method] === 'function' ? () => never : target[method],
      })
    const { queue, clock } = await createProcess({ tasks: [obedient], wrap })
    const job = await queue.enqueue(obedient)
    away = true
    const refused = assert.rejects(call(queue as TaskQueue, job), { code: 'ERR_DRIVER_UNAVAILABLE', retryable: true })
    await clock.advance(5_000)
    await refused
    assert.equal(clock.timers, 0)
  })
}
