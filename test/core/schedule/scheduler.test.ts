import assert from 'node:assert/strict'
import test from 'node:test'
import { TriportError } from '../../../core/errors.js'
import { derivedId } from '../../../core/ids.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { defineTask } from '../../../core/queue/task.js'
import { defineSchedule } from '../../../core/schedule/schedule.js'
import { spy } from '../../kit/spy.js'
import { createBackend, createInstance, createRunning, occurrences, poll } from './setup.js'

const start = Date.UTC(2026, 0, 1)
const down = new TriportError('ERR_DRIVER_UNAVAILABLE', 'down')
const never = new Promise<never>(() => {})
const tick = defineSchedule({ name: 'tick', task: poll, every: '10s' })
const all = defineSchedule({ name: 'tick', task: poll, every: '10s', missed: 'all' })

test('several instances make one job of each occurrence', async () => {
  const backend = createBackend()
  for (const random of [0, 0.3, 0.6, 0.9]) await createRunning(backend, { schedules: [tick], random: () => random })
  await backend.clock.advance(60_000)
  assert.deepEqual(occurrences(backend, start), [10, 20, 30, 40, 50, 60])
})

test('a job names its occurrence in its key, and its id is derived from that', async () => {
  const backend = createBackend()
  await createRunning(backend, { schedules: [tick] })
  await backend.clock.advance(10_000)
  const [job] = backend.made
  assert.equal(job?.key, 'tick@2026-01-01T00:00:10.000Z')
  assert.equal(job?.id, derivedId('default', 'tick@2026-01-01T00:00:10.000Z'))
})

test('a job comes at its time, never before it, whatever the time of the machine is', async () => {
  for (const ahead of [0, -3_600_000, 3_600_000]) {
    const backend = createBackend()
    await createRunning(backend, { schedules: [tick], ahead })
    await backend.clock.advance(9_999)
    assert.deepEqual(occurrences(backend, start), [])
    await backend.clock.advance(10)
    assert.deepEqual(occurrences(backend, start), [10])
  }
})

test('the server is asked a few times per occurrence and instance, and no timer is set per schedule', async () => {
  const backend = createBackend()
  const [reads, ticks] = [spy(), spy()]
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    schedules() {
      reads()
      return driver.schedules()
    },
    tickSchedule(tick) {
      ticks()
      return driver.tickSchedule(tick)
    },
  })
  const schedules = Array.from({ length: 100 }, (_, n) =>
    defineSchedule({ name: `s${n}`, task: poll, cron: `${n % 60} 0 * * *` }),
  )
  for (const instance of [0, 1]) await createRunning(backend, { schedules, wrap, random: () => instance / 2 })
  assert.equal(backend.clock.timers, 2)
  await backend.clock.advance(3_600_000)
  assert.equal(backend.made.length, 98) // 100 less the two of minute 0, when they were stored.
  assert.ok(ticks.calls.length <= 3 * backend.made.length, `${ticks.calls.length} ticks`)
  assert.ok(reads.calls.length <= (2 * 3_600) / 3 + 2 * backend.made.length, `${reads.calls.length} reads`)
})

test('an instance that is stopped in the middle leaves the rest to the others', async () => {
  const backend = createBackend()
  const first = await createRunning(backend, { schedules: [tick] })
  await createRunning(backend, { schedules: [tick] })
  await backend.clock.advance(25_000)
  await first.stop()
  await backend.clock.advance(25_000)
  assert.deepEqual(occurrences(backend, start), [10, 20, 30, 40, 50])
})

for (const when of ['before', 'after'] as const) {
  test(`an instance that is lost ${when} its tick is stored doubles and loses nothing`, async () => {
    const backend = createBackend()
    const wrap = (driver: QueueDriver): QueueDriver => ({
      ...driver,
      async tickSchedule(tick) {
        if (when === 'after') await driver.tickSchedule(tick)
        return never
      },
    })
    const lost = await createRunning(backend, { schedules: [tick], wrap })
    await backend.clock.advance(10_000)
    void lost.stop()
    await createRunning(backend, { schedules: [tick] })
    await backend.clock.advance(10_000)
    assert.deepEqual(occurrences(backend, start), [10, 20])
  })
}

test('a tick whose answer was lost is not made again', async () => {
  const backend = createBackend()
  let failures = 1
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    async tickSchedule(tick) {
      const done = await driver.tickSchedule(tick)
      if (failures-- > 0) throw down
      return done
    },
  })
  const { report } = await createRunning(backend, { schedules: [tick], wrap })
  await backend.clock.advance(30_000)
  assert.deepEqual(occurrences(backend, start), [10, 20, 30])
  assert.deepEqual(report.stages(), ['schedules'])
})

test('a backend that is away is asked again for ever, and each failure is reported', async () => {
  const backend = createBackend()
  let away = false
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    schedules: () => (away ? Promise.reject(down) : driver.schedules()),
    tickSchedule: (tick) => (away ? Promise.reject(down) : driver.tickSchedule(tick)),
  })
  const { report } = await createRunning(backend, { schedules: [all], wrap })
  away = true
  await backend.clock.advance(60_000)
  assert.ok(report.reports.length > 15 && report.reports.length < 60, `${report.reports.length} reports`)
  away = false
  await backend.clock.advance(10_000)
  assert.deepEqual(occurrences(backend, start), [10, 20, 30, 40, 50, 60, 70])
})

test('a call that is never answered is given up, and an instance that waits for it can be stopped', async () => {
  const backend = createBackend()
  let hangs = false
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    schedules: () => (hangs ? never : driver.schedules()),
  })
  const instance = await createRunning(backend, { schedules: [tick], wrap })
  hangs = true
  await backend.clock.advance(7_000)
  hangs = false
  await backend.clock.advance(7_000)
  assert.deepEqual(occurrences(backend, start), [10])
  hangs = true
  await backend.clock.advance(4_000)
  const stopped = instance.stop()
  await backend.clock.advance(5_000)
  await stopped
  assert.equal(backend.clock.timers, 0)
})

test('a driver that never lets an instance win is not asked in a loop', async () => {
  const backend = createBackend()
  const ticks = spy()
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    async tickSchedule() {
      ticks()
      return false
    },
  })
  await createRunning(backend, { schedules: [tick], wrap })
  await backend.clock.advance(20_000)
  assert.ok(ticks.calls.length < 80, `${ticks.calls.length} ticks`)
})

test('a schedule whose jobs are refused for good harms no other, and is reported once a minute', async () => {
  const backend = createBackend()
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    tickSchedule: (tick) => (tick.name === 'bad' ? Promise.reject(new Error('too large')) : driver.tickSchedule(tick)),
  })
  const bad = defineSchedule({ name: 'bad', task: poll, every: '1s' })
  const { report } = await createRunning(backend, { schedules: [bad, tick], wrap })
  await backend.clock.advance(120_000)
  assert.deepEqual(occurrences(backend, start).length, 12)
  assert.deepEqual(report.stages(), ['schedules.tick', 'schedules.tick'])
})

test('every second is dealt with', async () => {
  const backend = createBackend()
  const second = defineSchedule({ name: 'second', task: poll, every: '1s' })
  for (let n = 0; n < 3; n++) await createRunning(backend, { schedules: [second] })
  await backend.clock.advance(10_000)
  assert.deepEqual(occurrences(backend, start), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('cron and intervals, seconds and time zones are dealt with side by side', async () => {
  const backend = createBackend()
  const schedules = [
    defineSchedule({ name: 'a', task: poll, cron: '*/20 * * * * *' }),
    defineSchedule({ name: 'b', task: poll, cron: '1 1 * * *', timeZone: 'Europe/Berlin' }),
    defineSchedule({ name: 'c', task: poll, every: '45s' }),
  ]
  await createRunning(backend, { schedules })
  await backend.clock.advance(60_000)
  assert.deepEqual(backend.made.map(({ key }) => key?.replace('2026-01-01T00:0', '')).sort(), [
    'a@0:20.000Z',
    'a@0:40.000Z',
    'a@1:00.000Z',
    'b@1:00.000Z',
    'c@0:45.000Z',
  ])
})

test('what another instance sets, pauses, resumes and removes counts within seconds', async () => {
  const backend = createBackend()
  const { clock } = backend
  await createRunning(backend)
  const { schedules } = await createInstance(backend)
  const seconds = () => occurrences(backend, start)
  await schedules.set(defineSchedule({ name: 'tick', task: poll, every: '1s' }))
  await clock.advance(5_000)
  assert.ok(seconds().includes(5), String(seconds()))
  await schedules.pause('tick')
  await clock.advance(5_000)
  assert.equal(seconds().at(-1), 5)
  await schedules.resume('tick')
  await clock.advance(5_000)
  assert.ok(!seconds().includes(10) && seconds().includes(15), String(seconds()))
  await schedules.remove('tick')
  await clock.advance(5_000)
  assert.equal(seconds().at(-1), 15)
})

test('what an instance changes itself counts for it at once', async () => {
  const backend = createBackend()
  const { schedules } = await createRunning(backend)
  await schedules.set(defineSchedule({ name: 'tick', task: poll, every: '1s' }))
  await backend.clock.advance(1_000)
  assert.deepEqual(occurrences(backend, start), [1])
})

test('many changes at a time are read a few times', async () => {
  const backend = createBackend()
  const reads = spy()
  const wrap = (driver: QueueDriver): QueueDriver => ({
    ...driver,
    schedules() {
      reads()
      return driver.schedules()
    },
  })
  const { schedules } = await createRunning(backend, { wrap })
  for (let n = 0; n < 100; n++) {
    await schedules.set(defineSchedule({ name: `s${n}`, task: poll, every: '1s' }))
    await backend.clock.advance(5)
  }
  assert.ok(reads.calls.length <= 12, `${reads.calls.length} reads`)
  await backend.clock.advance(500)
  assert.equal(backend.made.length, 100)
})

test('a schedule of a task that is unknown here is dealt with', async () => {
  const backend = createBackend()
  const { schedules, driver } = await createInstance(backend)
  const far = defineTask({ name: 'far', queue: 'elsewhere', run: (_input: { n: number }) => {} })
  await schedules.set(defineSchedule({ name: 'far', task: far, input: { n: 1 }, every: '10s' }))
  await createRunning(backend)
  await backend.clock.advance(10_000)
  const [job] = (await driver.claim({ queue: 'elsewhere', max: 9, lease: 1_000, worker: 'w' })).jobs
  assert.deepEqual([job?.task, job?.payload, job?.key], ['far', '{"n":1}', 'far@2026-01-01T00:00:10.000Z'])
})

test('a schedule of a configuration stops with the last instance that has it, and goes on with the next', async () => {
  const backend = createBackend()
  const old = await createRunning(backend, { schedules: [tick] })
  await createRunning(backend, { schedules: [defineSchedule({ name: 'other', task: poll, every: '1h' })] })
  await backend.clock.advance(20_000)
  assert.deepEqual(occurrences(backend, start), [10, 20])
  await old.stop()
  await backend.clock.advance(20_000)
  assert.deepEqual(occurrences(backend, start), [10, 20])
  const [, stale] = await old.schedules.list()
  assert.deepEqual([stale?.name, stale?.next], ['tick', new Date(start + 30_000)])
  await createRunning(backend, { schedules: [tick] })
  await backend.clock.advance(10_000)
  assert.deepEqual(occurrences(backend, start), [10, 20, 40, 50])
})

test('a schedule that was changed runs as it is now, from now on', async () => {
  const backend = createBackend()
  await createRunning(backend, { schedules: [tick] })
  await backend.clock.advance(10_000)
  await createRunning(backend, { schedules: [defineSchedule({ name: 'tick', task: poll, every: '15s' })] })
  await backend.clock.advance(20_000)
  assert.deepEqual(occurrences(backend, start), [10, 15, 30])
})

test('what cannot be read is reported once, and harms no other', async () => {
  const backend = createBackend()
  const { report, driver } = await createRunning(backend, { schedules: [tick] })
  for (const [name, definition] of [
    ['a', 'no json'],
    ['b', 'null'],
    ['c', JSON.stringify({ origin: 'set', times: { cron: 'x y z', timeZone: 'UTC' }, missed: 'skip', job: {} })],
    ['d', JSON.stringify({ origin: 'set', times: { every: 0 }, missed: 'skip', job: {} })],
  ] as const) {
    await driver.saveSchedule({ name, definition })
  }
  await backend.clock.advance(20_000)
  assert.deepEqual(occurrences(backend, start), [10, 20])
  assert.deepEqual(report.stages(), ['schedules.read', 'schedules.read', 'schedules.read', 'schedules.read'])
})

test('listeners hear of the jobs that this process has made', async () => {
  const backend = createBackend()
  const { events } = await createRunning(backend, { schedules: [tick] })
  const heard = spy()
  events.on('enqueued', heard)
  await backend.clock.advance(10_000)
  const event = { type: 'enqueued', id: backend.made[0]?.id, task: 'poll', queue: 'default', attempts: 0 }
  assert.deepEqual(heard.calls, [[event]])
})

test("the server's clock may jump: forth, what lies between is missed; back, nothing comes twice", async () => {
  const backend = createBackend()
  await createRunning(backend, { schedules: [tick] })
  await backend.clock.advance(10_000)
  backend.clock.jump(3_600_000)
  await backend.clock.advance(10_000)
  assert.deepEqual(occurrences(backend, start + 3_600_000).slice(1), [10, 20])
  backend.clock.jump(-15_000)
  await backend.clock.advance(30_000)
  assert.deepEqual(occurrences(backend, start + 3_600_000).slice(1), [10, 20, 30])
})
