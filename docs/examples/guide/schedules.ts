import assert from 'node:assert/strict'
import { createRuntime, defineSchedule, defineTask } from 'triport'
import { createFakeClock, createTestKit } from 'triport/testing'

const clock = createFakeClock(Date.UTC(2026, 2, 27, 12))

// #region define
const report = defineTask({ name: 'report', run: ({ kind }: { kind: string }) => `${kind} report` })
const ping = defineTask({ name: 'ping', run: () => 'pong' })

const nightly = defineSchedule({
  name: 'nightly',
  task: report,
  input: { kind: 'daily' },
  cron: '0 3 * * *',
  timeZone: 'Europe/Berlin',
  missed: 'once', // If nobody was there at three, one report is made up for.
})

const beat = defineSchedule({ name: 'beat', task: ping, every: '10s' })
// #endregion

// #region runtime
const runtime = createRuntime({ tasks: [report, ping], schedules: [nightly, beat], clock })
await runtime.start()

for (const date of await runtime.schedules.next('nightly', 2)) console.log(date.toISOString())
// prints: 2026-03-28T02:00:00.000Z
// prints: 2026-03-29T01:00:00.000Z
// #endregion

// #region control
await runtime.schedules.pause('beat')
const [first] = await runtime.schedules.list()
console.log(first?.name, first?.times, first?.paused)
// prints: beat { every: 10000 } true

await runtime.schedules.set(
  defineSchedule({ name: 'weekly', task: report, input: { kind: 'weekly' }, cron: '@weekly' }),
)
console.log(await runtime.schedules.remove('weekly'))
// prints: true
// #endregion
await runtime.stop()

// #region test
await using kit = await createTestKit({ tasks: [ping], schedules: [beat] })
await kit.clock.advance(60_000)
assert.equal((await kit.drain()).completed, 6)
// #endregion
