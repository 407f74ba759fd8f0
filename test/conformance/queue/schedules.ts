import assert from 'node:assert/strict'
import type { NewJob } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import type { ScheduleRecord } from '../../../core/ports/schedules.js'
import { type Claim, idsOf, newJob, only, pair, take } from './harness.js'

/** Schedules. They do not need `enqueue`, so drivers that are `supports.inline` keep them too. */
export function scheduleClaims(claim: Claim): void {
  claim('a new schedule has its cursor at the server\u2019s now', async (harness) => {
    const [driver, other] = await pair(harness)
    await driver.saveSchedule({ name: 's', definition: '{"every":1}' })
    const { now, schedules } = await other.schedules()
    const { cursor, ...rest } = only(schedules)
    assert.deepEqual(rest, { name: 's', definition: '{"every":1}', paused: false })
    assert.ok(cursor <= now && now - cursor <= 5_000)
  })

  claim('schedules come in the order of their names, which may be any text', async ({ driver }) => {
    const names = ['b', 'a', '\u9470', 'a b', 'z:{x}', 'B']
    for (const name of names) await driver.saveSchedule({ name, definition: name })
    const { schedules } = await driver.schedules()
    assert.deepEqual(
      schedules.map(({ name, definition }) => [name, definition]),
      [...names].sort().map((name) => [name, name]),
    )
  })

  claim('saving an unchanged schedule MUST keep paused and cursor', async ({ driver, advance }) => {
    const { cursor } = await saved(driver)
    await driver.pauseSchedule('s', true)
    await advance(60_000)
    assert.deepEqual(await saved(driver), { name: 's', definition: '{}', paused: true, cursor })
  })

  claim(
    'a changed definition MUST set the cursor to the server\u2019s now and keep paused',
    async ({ driver, advance }) => {
      const { cursor } = await saved(driver)
      await driver.pauseSchedule('s', true)
      await advance(60_000)
      const changed = await saved(driver, '{"changed":true}')
      assert.deepEqual([changed.definition, changed.paused], ['{"changed":true}', true])
      assert.ok(changed.cursor >= cursor + 60_000)
    },
  )

  claim('a removed schedule is gone, and begins anew when it is saved', async ({ driver, advance }) => {
    const { cursor } = await saved(driver)
    assert.deepEqual([await driver.removeSchedule('s'), await driver.removeSchedule('s')], [true, false])
    assert.deepEqual((await driver.schedules()).schedules, [])
    assert.equal(await tick(driver, { cursor, definition: '{}' }, 1), false)
    await advance(60_000)
    assert.ok((await saved(driver)).cursor >= cursor + 60_000)
  })

  claim('a tick moves the cursor and enqueues, in one step', async ({ driver }) => {
    const schedule = await saved(driver)
    const jobs = [newJob(), newJob()]
    assert.equal(await tick(driver, schedule, 5_000, jobs), true)
    assert.equal(only((await driver.schedules()).schedules).cursor, schedule.cursor + 5_000)
    assert.deepEqual(idsOf(await take(driver)), idsOf(jobs))
  })

  claim('a tick from another cursor or definition MUST change nothing', async ({ driver }) => {
    const schedule = await saved(driver)
    for (const other of [
      { ...schedule, cursor: schedule.cursor - 1 },
      { ...schedule, cursor: schedule.cursor + 1 },
      { ...schedule, definition: '{ }' },
    ]) {
      assert.equal(await tick(driver, other, 5_000, [newJob()]), false)
    }
    assert.deepEqual(only((await driver.schedules()).schedules), schedule)
    assert.deepEqual(await take(driver), [])
  })

  claim('a tick that is sent again changes nothing', async ({ driver }) => {
    const schedule = await saved(driver)
    const jobs = [newJob()]
    assert.deepEqual([await tick(driver, schedule, 1, jobs), await tick(driver, schedule, 1, jobs)], [true, false])
    assert.equal((await take(driver)).length, 1)
  })

  claim('of many ticks at the same time, one counts', async (harness) => {
    const drivers = await pair(harness)
    const schedule = await saved(harness.driver)
    const calls = Array.from({ length: 20 }, (_, n) => {
      return tick(drivers[n % 2] ?? harness.driver, schedule, 1_000, [newJob()])
    })
    assert.equal((await Promise.all(calls)).filter(Boolean).length, 1)
    assert.equal((await take(harness.driver)).length, 1)
  })

  claim('a paused schedule MUST NOT tick', async (harness) => {
    const [driver, other] = await pair(harness)
    const schedule = await saved(driver)
    assert.equal(await other.pauseSchedule('s', true), true)
    assert.equal(await tick(driver, schedule, 1_000, [newJob()]), false)
    assert.deepEqual(only((await driver.schedules()).schedules), { ...schedule, paused: true })
    assert.deepEqual(await take(driver), [])
    assert.equal(await driver.pauseSchedule('unknown', true), false)
  })

  claim('what fell into the pause of a schedule is not made up for', async ({ driver, advance }) => {
    const { cursor } = await saved(driver)
    for (const _ of [1, 2]) await driver.pauseSchedule('s', true)
    await advance(60_000)
    assert.equal(await driver.pauseSchedule('s', false), true)
    const resumed = only((await driver.schedules()).schedules)
    assert.equal(resumed.paused, false)
    assert.ok(resumed.cursor >= cursor + 60_000)
  })

  claim('resuming a schedule that is not paused leaves its cursor', async ({ driver, advance }) => {
    const schedule = await saved(driver)
    await advance(60_000)
    assert.equal(await driver.pauseSchedule('s', false), true)
    assert.deepEqual(only((await driver.schedules()).schedules), schedule)
  })
}

async function saved(driver: QueueDriver, definition = '{}'): Promise<ScheduleRecord> {
  await driver.saveSchedule({ name: 's', definition })
  return only((await driver.schedules()).schedules)
}

/** Ticks the schedule `s` from what is known of it, `ms` milliseconds on. */
function tick(
  driver: QueueDriver,
  { cursor: from, definition }: Pick<ScheduleRecord, 'cursor' | 'definition'>,
  ms: number,
  enqueue: readonly NewJob[] = [],
): Promise<boolean> {
  return driver.tickSchedule({ name: 's', from, definition, to: from + ms, enqueue })
}
