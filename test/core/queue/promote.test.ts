import assert from 'node:assert/strict'
import test from 'node:test'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { createProcess, createRunning } from './setup.js'
import { held } from './tasks.js'

const noop = defineTask({ name: 'noop', run: (_?: unknown) => {} })

test('a promoted job runs now', async () => {
  const { queue, clock } = await createRunning({ tasks: [noop] })
  const job = await queue.enqueue(noop, 1, { delay: '1h', id: 'mine', priority: 3 })
  assert.equal(await job.promote(), 'promoted')
  await clock.settle()
  const { state, key, priority } = await job.status()
  assert.deepEqual([state, key, priority], ['completed', 'mine', 3])
  assert.equal(await job.promote(), 'kept')
})

test('a job that waits for its next attempt can be promoted', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({ tasks: [task] })
  const job = await queue.enqueue(task, 1)
  await clock.settle()
  started[0]?.gate.fail(new Error('no'))
  await clock.settle()
  assert.equal(await job.promote(), 'promoted')
  await clock.settle()
  assert.equal(started[1]?.ctx.attempt, 2)
})

test('a job that is removed while it is promoted stays away', async () => {
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    async enqueue(jobs, options) {
      if (jobs[0]?.hasten) await driver.cancel(jobs.map(({ id }) => ({ id, error: '"e"', keep: 0 })))
      return driver.enqueue(jobs, options)
    },
  })
  const { queue } = await createProcess({ tasks: [noop], wrap })
  const job = await queue.enqueue(noop, 1, { delay: '1h' })
  await assert.rejects(job.promote(), { code: 'ERR_RESULT_EXPIRED' })
  const { waiting, cancelled } = await queue.counts('default')
  assert.deepEqual([waiting, cancelled], [0, 0])
})

test('a job that is removed while it is promoted does not run either', async () => {
  const { task, started } = held()
  const { queue, clock } = await createRunning({
    tasks: [task],
    wrap: (driver) => ({
      ...driver,
      async enqueue(jobs, options) {
        if (!jobs[0]?.hasten) return driver.enqueue(jobs, options)
        await driver.cancel(jobs.map(({ id }) => ({ id, error: '"e"', keep: 0 })))
        const outcomes = await driver.enqueue(jobs, options)
        await clock.settle()
        return outcomes
      },
    }),
  })
  const job = await queue.enqueue(task, 1, { delay: '1h' })
  await assert.rejects(job.promote(), { code: 'ERR_RESULT_EXPIRED' })
  await clock.advance(120_000)
  assert.equal(started.length, 0)
})
