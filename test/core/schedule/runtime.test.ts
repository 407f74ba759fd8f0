import assert from 'node:assert/strict'
import test from 'node:test'
import { defineTask } from '../../../core/queue/task.js'
import { defineSchedule } from '../../../core/schedule/schedule.js'
import { createRuntime } from '../../../drivers/index.js'
import { memoryQueue, memoryQueueStore } from '../../../drivers/memory/queue.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { createFakeClock } from '../../kit/clock.js'
import { spy } from '../../kit/spy.js'
import { createTestKit } from '../../kit/test-kit.js'

const quiet = { log: () => {}, report: () => {} }

/** A task that remembers the keys of its jobs, and a schedule of it. */
function counted() {
  const ran = spy<[string | undefined]>()
  const task = defineTask({ name: 'counted', run: (_input: { n: number }, { key }) => ran(key) })
  const schedule = defineSchedule({ name: 'tick', task, input: { n: 1 }, every: '10s' })
  return { ran, task, schedule }
}

for (const driver of ['memory', 'sync'] as const) {
  test(`a schedule of the configuration runs its task on the ${driver} driver, and again after a restart`, async () => {
    const { ran, task, schedule } = counted()
    const clock = createFakeClock()
    const runtime = createRuntime({ tasks: [task], schedules: [schedule], queue: { driver }, clock, ...quiet })
    await runtime.start()
    await clock.advance(10_000)
    await runtime.stop()
    assert.equal(clock.timers, 0)
    await clock.advance(10_000)
    await runtime.start()
    await clock.advance(10_000)
    assert.deepEqual(
      ran.calls.map(([key]) => key?.slice(-9)),
      [':10.000Z', ':20.000Z', ':30.000Z'].map((seconds) => `0${seconds}`),
    )
    await runtime.stop()
  })
}

test('the span of a scheduled job begins a trace of its own, linked to nothing, and names the schedule', async () => {
  const { task, schedule } = counted()
  const [clock, tracer] = [createFakeClock(), memoryTracer()]
  const runtime = createRuntime({ tasks: [task], queue: { driver: 'memory' }, tracer, clock, ...quiet })
  await runtime.start()
  await runtime.tracer.span('deploy', () => runtime.schedules.set(schedule))
  await clock.advance(20_000)
  const spans = tracer.finished.filter(({ name }) => name === 'process default')
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 2)
  for (const { parentSpanId, links, attributes } of spans) {
    assert.deepEqual([parentSpanId, links, attributes['triport.schedule.name']], [undefined, [], 'tick'])
  }
  await runtime.stop()
})

test('an instance that runs no jobs schedules only when its configuration has schedules', async () => {
  const { ran, task, schedule } = counted()
  const [clock, store] = [createFakeClock(), memoryQueueStore()]
  const shared = { tasks: [task], clock, ...quiet }
  const web = (schedules: (typeof schedule)[]) =>
    createRuntime({ ...shared, schedules, queue: memoryQueue({ store }), worker: false }).start()
  const idle = await web([])
  await idle.schedules.set(schedule)
  await clock.advance(15_000)
  assert.equal((await idle.queue.counts('default')).waiting, 0)
  const other = await web([defineSchedule({ name: 'other', task, input: { n: 1 }, every: '1h' })])
  await clock.advance(10_000)
  assert.equal((await idle.queue.counts('default')).waiting, 2, 'the first one was late, but on time')
  assert.equal(ran.calls.length, 0)
  await Promise.all([idle.stop(), other.stop()])
})

test('start() refuses a pattern that cannot be read, and no job runs before', async () => {
  const { ran, task, schedule } = counted()
  const bad = defineSchedule({ name: 'bad', task, input: { n: 1 }, cron: '61 * * * *' })
  const runtime = createRuntime({ tasks: [task], schedules: [schedule, bad], queue: { driver: 'memory' }, ...quiet })
  await assert.rejects(runtime.start(), { code: 'ERR_SCHEDULE_INVALID', message: /Schedule "bad"/ })
  assert.deepEqual([runtime.state, ran.calls.length], ['idle', 0])
})

test('schedules can be used only while the runtime is started', async () => {
  const { schedule } = counted()
  const { schedules } = createRuntime(quiet)
  for (const call of [() => schedules.set(schedule), () => schedules.list(), () => schedules.pause('tick')]) {
    await assert.rejects(call(), { code: 'ERR_NOT_STARTED' })
  }
})

test('in the test kit, time that is moved on makes the jobs, and drain runs them', async () => {
  const { ran, task, schedule } = counted()
  await using kit = await createTestKit({ tasks: [task], schedules: [schedule] })
  await kit.clock.advance(20_000)
  assert.equal(ran.calls.length, 0)
  assert.equal((await kit.drain()).completed, 2)
  assert.deepEqual(
    ran.calls.map(([key]) => key),
    ['tick@2026-01-01T00:00:10.000Z', 'tick@2026-01-01T00:00:20.000Z'],
  )
})
