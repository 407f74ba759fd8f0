import assert from 'node:assert/strict'
import test from 'node:test'
import type { QueueDriver } from '../../core/ports/queue.js'
import { defineTask } from '../../core/queue/task.js'
import { defineSchedule } from '../../core/schedule/schedule.js'
import { createRuntime } from '../../drivers/index.js'
import { memoryQueue } from '../../drivers/memory/queue.js'
import { createFakeClock } from '../kit/clock.js'

const quiet = { log: () => {}, report: () => {} }
const never = () => new Promise<never>(() => {})
const poll = defineTask({ name: 'poll', run() {} })
const tick = defineSchedule({ name: 'tick', task: poll, every: '10s' })

test('inspect shows queues, workers and schedules, and the process that it is', async () => {
  const clock = createFakeClock(Date.UTC(2026, 0, 1) + 1)
  const runtime = createRuntime({ tasks: [poll], schedules: [tick], queue: { driver: 'memory' }, clock, ...quiet })
  const before = await runtime.inspect()
  assert.deepEqual([before.queues, before.workers, before.schedules, before.problems], [{}, [], [], []])
  await runtime.start()
  await clock.advance(10_000)
  await runtime.queue.pause('default')
  const { queues, workers, schedules, problems, worker } = await runtime.inspect()
  assert.deepEqual(queues, {
    default: { waiting: 0, delayed: 0, active: 0, completed: 1, failed: 0, cancelled: 0, paused: true },
  })
  assert.deepEqual(
    workers.map(({ state, host, concurrency }) => [state, host.pid, concurrency]),
    [['alive', process.pid, 10]],
  )
  assert.deepEqual(
    schedules.map(({ name, next, last }) => [name, next?.toISOString(), last?.toISOString()]),
    [['tick', '2026-01-01T00:00:20.000Z', '2026-01-01T00:00:10.000Z']],
  )
  assert.deepEqual([problems, worker?.concurrency], [[], 10])
  await runtime.stop()
})

test('inspect answers within a second though the backend does not, with what it knows', async () => {
  const clock = createFakeClock()
  const driver: QueueDriver = { ...memoryQueue(), counts: never, workers: never }
  const runtime = createRuntime({ tasks: [poll], schedules: [tick], queue: driver, worker: true, clock, ...quiet })
  await runtime.start()
  const inspecting = runtime.inspect()
  await clock.advance(1_000)
  const { state, queues, workers, schedules, problems, worker } = await inspecting
  assert.deepEqual([state, queues, workers, schedules.length, worker?.running], ['running', {}, [], 1, 0])
  assert.deepEqual(problems, ['The queue has not answered within 1000 ms.'])
  await runtime.stop()
})

test('inspect tells what the backend failed with', async () => {
  const broken = () => Promise.reject(new Error('no such table'))
  const driver: QueueDriver = { ...memoryQueue(), counts: broken, schedules: broken }
  await using runtime = await createRuntime({ tasks: [poll], queue: driver, worker: false, ...quiet }).start()
  const { queues, schedules, problems } = await runtime.inspect()
  assert.deepEqual([queues, schedules, problems], [{}, [], ['no such table']])
})
