import assert from 'node:assert/strict'
import test from 'node:test'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { chain } from '../../../core/workflow/chain.js'
import { chord, group } from '../../../core/workflow/group.js'
import { step } from '../../../core/workflow/step.js'
import { createProcess, createRunning } from '../queue/setup.js'
import { add, sum, tasks } from './tasks.js'

const soon = { timeout: '10s' } as const

/** Wraps a driver so that it tells how many records each call reads, and fails as long as it is broken. */
function reading() {
  const reads: number[] = []
  const state = { broken: false }
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    async get(ids) {
      if (state.broken) throw new Error('gone')
      reads.push(ids.length)
      return driver.get(ids)
    },
  })
  return { reads, state, wrap }
}

test('a worker reads the plan once, and a step what it gets with one call', async () => {
  const { reads, wrap } = reading()
  const home = await createProcess({ tasks })
  await home.queue.enqueue(chain(add, add, add), 1)
  const { worker } = await createProcess({ tasks, wrap, beside: home })
  await worker.start()
  await home.clock.advance(0)
  // The plan, then the workflow's own record with that of the step before, twice, and of the last one.
  assert.deepEqual(reads, [1, 2, 2, 2])
})

test('the members of a group read the plan once between them', async () => {
  const { reads, wrap } = reading()
  const home = await createProcess({ tasks })
  await home.queue.enqueue(
    chord(
      Array.from({ length: 50 }, (_, n) => step(add, n)),
      sum,
    ),
  )
  const { worker } = await createProcess({ tasks, wrap, beside: home, worker: { concurrency: 20 } })
  await worker.start()
  await home.clock.advance(0)
  assert.deepEqual(reads, [1, 51, 2])
})

test('a job whose workflow cannot be read waits a moment, at no attempt', async () => {
  const { state, wrap } = reading()
  const { queue, clock, driver } = await createRunning({ tasks, wrap })
  state.broken = true
  const job = await queue.enqueue(group([add, chain(add, add)]), 1)
  await clock.advance(0)
  const { jobs } = await driver.list({ queue: 'default', state: 'delayed', max: 10 })
  assert.deepEqual(
    jobs.filter(({ task }) => task === 'add').map(({ deliveries }) => deliveries),
    [0, 0],
  )
  state.broken = false
  await clock.advance(2_000)
  assert.deepEqual(await job.result(soon), [2, 3])
})
