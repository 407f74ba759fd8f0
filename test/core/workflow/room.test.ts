import assert from 'node:assert/strict'
import test from 'node:test'
import { defineTask } from '../../../core/queue/task.js'
import { chain } from '../../../core/workflow/chain.js'
import { group, map } from '../../../core/workflow/group.js'
import { step } from '../../../core/workflow/step.js'
import { createRunning, type Process } from '../queue/setup.js'
import { held } from '../queue/tasks.js'
import { add, broken, list, sum, tasks } from './tasks.js'

const soon = { timeout: '10s' } as const

function told({ told }: Pick<Process<typeof tasks>, 'told'>): unknown[] {
  return told.map(([room, { status, progress, data }]) => [room, status, progress, data])
}

test('the room of a workflow hears how far it is, and its end', async () => {
  const { task, started } = held()
  const process = await createRunning({ tasks: [...tasks, task] })
  const job = await process.queue.enqueue(group([task, task, task, task]), 1, { room: 'workflow:a' })
  await process.clock.advance(0)
  for (const { gate } of started) {
    gate.open('x')
    await process.clock.advance(2_000)
  }
  const result = ['x', 'x', 'x', 'x']
  assert.deepEqual(await job.result(soon), result)
  await process.clock.advance(0)
  assert.deepEqual(told(process), [
    ['workflow:a', 'running', 0, { done: 0, total: 4 }],
    ['workflow:a', 'running', 25, { done: 1, total: 4 }],
    ['workflow:a', 'running', 50, { done: 2, total: 4 }],
    ['workflow:a', 'running', 75, { done: 3, total: 4 }],
    ['workflow:a', 'completed', 100, { result }],
  ])
})

test('it hears at most one message a second, and the latest state', async () => {
  const { task, started } = held()
  const process = await createRunning({ tasks: [...tasks, task], worker: { concurrency: 100 } })
  await process.queue.enqueue(group(Array.from({ length: 100 }, () => task)), 1, { room: 'workflow:a' })
  await process.clock.advance(0)
  for (const { gate } of started.slice(0, 60)) gate.open('x')
  await process.clock.advance(0)
  assert.equal(process.told.length, 1)
  await process.clock.advance(1_000)
  assert.deepEqual(
    process.told.map(([, { progress }]) => progress),
    [0, 60],
  )
})

test('it hears of failure and cancellation, with how far the workflow was', async () => {
  const process = await createRunning({ tasks })
  const late = step(add, 1, { delay: '1h' })
  await process.queue.enqueue(chain(add, broken as never), 1, { room: 'workflow:a' })
  await process.clock.advance(0)
  const job = await process.queue.enqueue(late, undefined, { room: 'workflow:b' })
  await job.cancel('no more')
  await process.clock.advance(5_000)
  const ends = process.told.filter(([, { status }]) => status !== 'running')
  assert.deepEqual(
    ends.map(([room, { status, progress }]) => [room, status, progress]),
    [
      ['workflow:a', 'failed', 100],
      ['workflow:b', 'cancelled', 0],
    ],
  )
  const [failed, cancelled] = ends.map(([, { data }]) => (data as { error: { code: string } }).error.code)
  assert.deepEqual([failed, cancelled], ['ERR_WORKFLOW_FAILED', 'ERR_JOB_CANCELLED'])
})

test('its steps have their own rooms, wherever they stand', async () => {
  const roomy = defineTask({ name: 'roomy', room: (n: number) => `workflow:${n}`, run: (n: number) => n + 1 })
  const process = await createRunning({ tasks: [...tasks, roomy] })
  const job = await process.queue.enqueue(chain(roomy, roomy, step(roomy, 7), list, map(roomy), sum), 1)
  await job.result(soon)
  await process.clock.advance(0)
  const rooms = process.told.filter(([, { status }]) => status === 'completed').map(([room]) => room)
  assert.deepEqual(rooms.slice(0, 3), ['workflow:1', 'workflow:2', 'workflow:7'])
  assert.deepEqual(
    rooms.slice(3).sort(),
    Array.from({ length: 8 }, (_, n) => `workflow:${n}`),
  )
})
