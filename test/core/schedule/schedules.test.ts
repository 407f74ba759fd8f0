import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import { isTriportError } from '../../../core/errors.js'
import { defineTask } from '../../../core/queue/task.js'
import { defineSchedule } from '../../../core/schedule/schedule.js'
import { createBackend, createInstance, createRunning, occurrences, poll } from './setup.js'

const start = Date.UTC(2026, 0, 1)
const nightly = defineSchedule({
  name: 'nightly',
  task: poll,
  cron: '0 3 * * *',
  timeZone: 'Europe/Berlin',
  missed: 'once',
})
const tick = defineSchedule({ name: 'tick', task: poll, every: '10s' })

test('list tells what there is, when it comes next and when it came last', async () => {
  const backend = createBackend(start + 1)
  const { schedules } = await createRunning(backend, { schedules: [tick] })
  await schedules.set(nightly)
  const common = { task: 'poll', queue: 'default', paused: false }
  const night = {
    ...common,
    name: 'nightly',
    times: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
    missed: 'once',
    origin: 'set',
    next: new Date('2026-01-01T02:00:00Z'),
  }
  const ten = { ...common, name: 'tick', times: { every: 10_000 }, missed: 'skip', origin: 'config' }
  assert.deepEqual(await schedules.list(), [night, { ...ten, next: new Date(start + 10_000) }])
  await backend.clock.advance(15_000)
  await schedules.pause('nightly')
  const { next: _, ...paused } = { ...night, paused: true }
  assert.deepEqual(await schedules.list(), [
    paused,
    { ...ten, next: new Date(start + 20_000), last: new Date(start + 10_000) },
  ])
})

test('next gives the coming occurrences, of a paused schedule too', async () => {
  const { schedules } = await createInstance(createBackend())
  await schedules.set(nightly)
  await schedules.pause('nightly')
  const days = ['2026-01-01', '2026-01-02', '2026-01-03'].map((day) => new Date(`${day}T02:00:00Z`))
  assert.deepEqual(await schedules.next('nightly', 3), days)
  assert.deepEqual(await schedules.next('nightly'), days.slice(0, 1))
  for (const count of [0, 1.5, 1_001, Number.NaN]) {
    await assert.rejects(schedules.next('nightly', count), { code: 'ERR_OPTION_INVALID' })
  }
})

test('what is not there is unknown, with a guess', async () => {
  const { schedules } = await createInstance(createBackend())
  await schedules.set(nightly)
  const unknown = {
    code: 'ERR_SCHEDULE_UNKNOWN',
    message: 'Unknown schedule "nigthly". Did you mean "nightly"? Known: nightly.',
  }
  await assert.rejects(schedules.pause('nigthly'), unknown)
  await assert.rejects(schedules.resume('nigthly'), unknown)
  await assert.rejects(schedules.next('nigthly'), unknown)
  assert.deepEqual([await schedules.remove('nightly'), await schedules.remove('nightly')], [true, false])
  assert.deepEqual(await schedules.list(), [])
  await assert.rejects(schedules.pause('nightly'), { message: 'Unknown schedule "nightly". There are none.' })
})

test('setting a schedule validates its input and reads its pattern', async () => {
  const { schedules } = await createInstance(createBackend())
  const mail = defineTask({ name: 'mail', input: z.object({ to: z.email() }), run() {} })
  const set = (definition: object) => schedules.set(defineSchedule({ name: 's', task: poll, ...definition } as never))
  await assert.rejects(set({ task: mail, input: { to: 'nobody' }, every: '1m' }), { code: 'ERR_INPUT_INVALID' })
  await assert.rejects(set({ input: () => {}, every: '1m' }), { code: 'ERR_VALUE_UNSUPPORTED' })
  await assert.rejects(set({ cron: '61 * * * *' }), {
    code: 'ERR_SCHEDULE_INVALID',
    message: 'cron is "61 * * * *". Invalid value for minute: 61.',
  })
  await assert.rejects(set({ cron: '0 0 31 2 *' }), { message: 'cron is "0 0 31 2 *". It never comes true.' })
  await assert.rejects(schedules.set({} as never), {
    code: 'ERR_SCHEDULE_INVALID',
    message: /Make it with defineSchedule/,
  })
  assert.deepEqual(await schedules.list(), [])
})

test('the schedules of a configuration are refused together', async () => {
  const bad = ['61 * * * *', '0 25 * * *'].map((cron, n) => defineSchedule({ name: `bad${n}`, task: poll, cron }))
  const instance = await createInstance(createBackend(), { schedules: [tick, ...bad] })
  await assert.rejects(instance.start(), {
    code: 'ERR_SCHEDULE_INVALID',
    details: {
      problems: [
        'Schedule "bad0": cron is "61 * * * *". Invalid value for minute: 61.',
        'Schedule "bad1": cron is "0 25 * * *". Invalid value for hour: 25.',
      ],
    },
  })
  assert.deepEqual(await instance.schedules.list(), [])
})

test('setting the same schedule again changes nothing, also after a restart', async () => {
  const backend = createBackend()
  const first = await createRunning(backend, { schedules: [tick] })
  await backend.clock.advance(10_000)
  await first.stop()
  await backend.clock.advance(9_000)
  await createRunning(backend, { schedules: [defineSchedule({ name: 'tick', task: poll, every: '10s' })] })
  await backend.clock.advance(1_000)
  assert.deepEqual(occurrences(backend, start), [10, 20])
})

test('a pause outlives the instance that asked for it, and what falls into it is not made up for', async () => {
  const backend = createBackend()
  const all = defineSchedule({ name: 'tick', task: poll, every: '10s', missed: 'all' })
  const first = await createRunning(backend, { schedules: [all] })
  await first.schedules.pause('tick')
  await first.stop()
  const second = await createRunning(backend, { schedules: [all] })
  await backend.clock.advance(30_000)
  assert.deepEqual(occurrences(backend, start), [])
  await second.schedules.resume('tick')
  await backend.clock.advance(10_000)
  assert.deepEqual(occurrences(backend, start), [40])
})

for (const [missed, expected] of [
  ['skip', [3_700]],
  ['once', [3_600, 3_700]],
  ['all', Array.from({ length: 36 }, (_, n) => (n + 1) * 100).concat(3_700)],
] as const) {
  test(`after an hour without any instance, ${missed} makes ${expected.length - 1} of what was missed`, async () => {
    const backend = createBackend()
    const schedule = defineSchedule({ name: 'tick', task: poll, every: '100s', missed })
    await (await createRunning(backend, { schedules: [schedule] })).stop()
    await backend.clock.advance(3_670_000)
    await createRunning(backend, { schedules: [schedule] })
    await createRunning(backend, { schedules: [schedule] })
    await backend.clock.advance(100_000)
    assert.deepEqual(occurrences(backend, start), expected)
  })
}

test('all makes up for 1,000 at most, in pieces of 4 MB, and reports once what it drops', async () => {
  const backend = createBackend()
  const bulky = defineTask({ name: 'bulky', run: (_input: string) => {} })
  const schedule = defineSchedule({
    name: 'bulky',
    task: bulky,
    input: 'x'.repeat(100_000),
    every: '1s',
    missed: 'all',
  })
  await (await createRunning(backend, { schedules: [schedule] })).stop()
  await backend.clock.advance(1_200_000)
  const sizes: number[] = []
  const instance = await createRunning(backend, {
    schedules: [schedule],
    wrap: (driver) => ({
      ...driver,
      tickSchedule(tick) {
        sizes.push(tick.enqueue.length)
        return driver.tickSchedule(tick)
      },
    }),
  })
  assert.deepEqual(
    occurrences(backend, start),
    Array.from({ length: 1_000 }, (_, n) => n + 201),
  )
  assert.ok(sizes.length > 20 && Math.max(...sizes) < 40, String(sizes))
  const errors = instance.report.reports.map(({ error }) => error)
  assert.ok(errors.length === 1 && isTriportError(errors[0], 'ERR_SCHEDULE_MISSED'))
  assert.match(errors[0].message, /after 2026-01-01T00:00:00.000Z up to 2026-01-01T00:03:20.000Z are dropped/)
})

test('an occurrence that finds its unique key taken makes no job', async () => {
  const backend = createBackend()
  const unique = { key: 'one at a time', scope: 'running' } as const
  const schedule = defineSchedule({ name: 'tick', task: poll, every: '10s', options: { unique, priority: 7 } })
  const { driver } = await createRunning(backend, { schedules: [schedule] })
  await backend.clock.advance(30_000)
  const { jobs } = await driver.claim({ queue: 'default', max: 9, lease: 1_000, worker: 'w' })
  assert.deepEqual(
    jobs.map(({ key, priority }) => [key, priority]),
    [['tick@2026-01-01T00:00:10.000Z', 7]],
  )
})

test('an occurrence that is to replace the one that waits does so', async () => {
  const backend = createBackend()
  const unique = { key: 'newest', scope: 'queued', onConflict: 'replace' } as const
  const { driver } = await createRunning(backend, {
    schedules: [defineSchedule({ name: 'tick', task: poll, every: '10s', options: { unique } })],
  })
  await backend.clock.advance(30_000)
  const { jobs } = await driver.claim({ queue: 'default', max: 9, lease: 1_000, worker: 'w' })
  assert.deepEqual(
    jobs.map(({ key }) => key),
    ['tick@2026-01-01T00:00:30.000Z'],
  )
})
