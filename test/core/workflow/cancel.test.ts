import assert from 'node:assert/strict'
import test from 'node:test'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { chain } from '../../../core/workflow/chain.js'
import { group, map } from '../../../core/workflow/group.js'
import { step } from '../../../core/workflow/step.js'
import { gate } from '../../kit/spy.js'
import { createProcess, createRunning } from '../queue/setup.js'
import { held } from '../queue/tasks.js'
import { add, broken, list, sum, tasks } from './tasks.js'

const soon = { timeout: '10s' } as const
const late = step(add, 1, { delay: '1h' })

test('who waits for a workflow hears at once that it was cancelled, and none of its jobs begins any more', async () => {
  const { queue, driver, clock } = await createRunning({ tasks })
  const job = await queue.enqueue(chain(group([step(add, 1), late, chain(late, add)]), sum), undefined, {
    deadline: '2h',
  })
  await clock.advance(0)
  const waiting = assert.rejects(job.result(soon), { code: 'ERR_JOB_CANCELLED', message: /was cancelled: too late$/ })
  assert.equal(await job.cancel('too late'), 'cancelled')
  await clock.advance(0)
  await waiting
  const { completed, cancelled, delayed, waiting: left } = await driver.counts('default')
  assert.deepEqual([completed, cancelled, delayed, left], [1, 3, 0, 0])
  assert.equal(await job.cancel(), 'finished')
})

test('a running step of a cancelled workflow is told, and nothing follows it whatever it does', async () => {
  const { task, started } = held()
  const { queue, driver, clock } = await createRunning({ tasks: [...tasks, task] })
  const obeys = await queue.enqueue(chain(task, add as never))
  const ignores = await queue.enqueue(group([chain(task, add as never), add], { onFailure: 'continue' }), 1 as never)
  await clock.advance(0)
  for (const job of [obeys, ignores]) await job.cancel()
  await clock.advance(0)
  const [first, second] = started
  assert.ok(first && second)
  assert.deepEqual(
    [first, second].map(({ ctx }) => ctx.signal.aborted),
    [true, true],
  )
  first.gate.fail(new Error('stopped'))
  second.gate.open(5)
  await clock.advance(3_000)
  const { completed, cancelled, failed, waiting, delayed, active } = await driver.counts('default')
  // The second has done its work, and its successor is cancelled when it would begin.
  assert.deepEqual([completed, cancelled, failed, waiting, delayed, active], [2, 4, 0, 0, 0, 0])
})

test('a step that begins when its workflow was cancelled is not run', async () => {
  const { queue, driver, clock, worker } = await createProcess({ tasks })
  const job = await queue.enqueue(chain(add, add), 1)
  // Its worker dies before it cancels the rest.
  await driver.cancel([{ id: job.id, error: '"gone"', keep: 60_000 }])
  await worker.start()
  await clock.advance(0)
  const { completed, cancelled } = await driver.counts('default')
  assert.deepEqual([completed, cancelled], [0, 2])
})

test('cancelling again cancels what was missed the first time', async () => {
  const { queue, driver } = await createProcess({ tasks })
  const job = await queue.enqueue(group([add, add]), 1)
  await driver.cancel([{ id: job.id, error: '"gone"', keep: 60_000 }])
  assert.equal((await driver.counts('default')).waiting, 2)
  assert.equal(await job.cancel(), 'finished')
  assert.equal((await driver.counts('default')).waiting, 0)
})

test('the members of a map are cancelled with the whole', async () => {
  const { queue, driver, clock } = await createRunning({ tasks })
  const job = await queue.enqueue(chain(list, map(step(add, 1, { delay: '1h' })), sum), 3)
  await clock.advance(0)
  assert.equal((await driver.counts('default')).delayed, 4)
  await job.cancel()
  assert.equal((await driver.counts('default')).delayed, 0)
})

test('a map that is cancelled while its members are stored adds no more, and those that it has added do not run', async () => {
  const storing = gate()
  const stored: number[] = []
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    async enqueue(jobs, options) {
      const outcomes = await driver.enqueue(jobs, options)
      if (stored.push(jobs.length) === 2) await storing.promise
      return outcomes
    },
  })
  const { queue, driver, clock } = await createRunning({ tasks, wrap, worker: { concurrency: 10, lease: '10m' } })
  const job = await queue.enqueue(chain(list, map(step(add, 1, { delay: '3s' })), sum), 2_500)
  await clock.advance(0)
  await job.cancel()
  await clock.advance(0)
  storing.open()
  await clock.advance(5_000)
  assert.deepEqual(stored, [2, 1_000])
  const { completed, cancelled, waiting, delayed, active } = await driver.counts('default')
  assert.deepEqual([completed, cancelled, waiting, delayed, active], [1, 1_002, 0, 0, 0])
})

test('a step with an input of its own is not run either when its workflow was cancelled', async () => {
  const { task, started } = held()
  const { queue, driver, clock } = await createRunning({ tasks: [...tasks, task] })
  const job = await queue.enqueue(chain(task, step(add, 1)))
  await clock.advance(2_000)
  await job.cancel()
  started[0]?.gate.open(5)
  await clock.advance(0)
  const { completed, cancelled } = await driver.counts('default')
  assert.deepEqual([completed, cancelled], [1, 2])
})

test('a workflow that is cancelled while it ends leaves nothing behind, also when its end fails', async () => {
  const answers = gate<never>()
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    get: (ids) => (ids.length > 1 ? answers.promise : driver.get(ids)),
  })
  const { queue, driver, clock } = await createRunning({ tasks, wrap })
  const job = await queue.enqueue(group([step(broken, 'x'), late]), undefined, { deadline: '2h' })
  await clock.advance(0)
  assert.equal(await job.cancel(), 'requested')
  answers.fail(new Error('gone'))
  await clock.advance(0)
  assert.equal((await job.status()).state, 'cancelled')
  const { delayed, failed, cancelled } = await driver.counts('default')
  assert.deepEqual([delayed, failed, cancelled], [0, 1, 2])
})

test('a workflow that is removed is cancelled first', async () => {
  const { queue, driver, clock } = await createRunning({ tasks })
  const job = await queue.enqueue(group([late, late]))
  assert.equal(await job.remove(), 'removed')
  await clock.advance(0)
  await assert.rejects(job.status(), { code: 'ERR_RESULT_EXPIRED' })
  const { delayed, cancelled } = await driver.counts('default')
  assert.deepEqual([delayed, cancelled], [0, 2])
})
