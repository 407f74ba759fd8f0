import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { TriportError } from '../../../core/errors.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import type { MissedPolicy } from '../../../core/schedule/due.js'
import { defineSchedule, type Schedule } from '../../../core/schedule/schedule.js'
import { readCron } from '../../../drivers/cron.js'
import { createBackend, createRunning, type Instance, poll } from './setup.js'

/** What happens to one of the instances, and for how many seconds time then goes on. */
interface Step {
  readonly what: 'start' | 'stop' | 'lose requests' | 'lose answers' | 'heal' | 'jump'
  readonly instance: number
  readonly seconds: number
}

type Link = 'up' | 'lose requests' | 'lose answers'

const instances = 3
const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom('start', 'start', 'stop', 'lose requests', 'lose answers', 'heal', 'jump'),
    instance: fc.nat(instances - 1),
    seconds: fc.nat(40),
  }),
  { maxLength: 15 },
)
const times = fc.constantFrom<Pick<Schedule, 'times'>['times']>(
  { every: 1_000 },
  { every: 7_000 },
  { every: 30_000 },
  { cron: '*/10 * * * * *', timeZone: 'Europe/Berlin' },
  { cron: '* * * * *', timeZone: 'America/New_York' },
)
/** A minute before Berlin's clocks go forward. */
const start = Date.UTC(2026, 2, 29, 0, 59)
const runs = process.env.TRIPORT_LONG ? 500 : 80

test('whatever becomes of the instances, no occurrence is doubled, and none is lost that is to be made up for', async () => {
  await fc.assert(
    fc.asyncProperty(
      times,
      fc.constantFrom<MissedPolicy>('skip', 'once', 'all'),
      steps,
      async (when, missed, story) => {
        const { made, until } = await play(
          { ...defineSchedule({ name: 's', task: poll, every: '1s', missed }), times: when },
          story,
        )
        const expected = momentsOf(when, until)
        assert.equal(new Set(made).size, made.length, 'doubled')
        assert.deepEqual(
          made,
          made.toSorted((a, b) => a - b),
        )
        if (missed === 'all') assert.deepEqual(made, expected)
        else assert.ok(made.every((moment) => expected.includes(moment)))
        assert.equal(made.at(-1), expected.at(-1))
      },
    ),
    { numRuns: runs },
  )
})

/** Plays a story, then lets every instance run for a while. Gives the occurrences that became jobs. */
async function play(schedule: Schedule, story: readonly Step[]): Promise<{ made: number[]; until: number }> {
  const backend = createBackend(start)
  const links: Link[] = Array.from({ length: instances }, () => 'up')
  const running: (Instance | undefined)[] = Array.from({ length: instances })
  const begin = async (n: number): Promise<void> => {
    const wrap = (driver: QueueDriver) => lossy(driver, () => links[n] as Link)
    running[n] ??= await createRunning(backend, { schedules: [schedule], wrap, random: () => n / instances })
  }
  await begin(0)
  for (const { what, instance, seconds } of story) {
    if (what === 'stop') {
      void running[instance]?.stop()
      running[instance] = undefined
    } else if (what === 'jump') backend.clock.jump(seconds * 1_000)
    else if (what === 'heal') links[instance] = 'up'
    else if (what !== 'start') links[instance] = what
    else if (links[instance] === 'up') await begin(instance)
    await backend.clock.advance(seconds * 1_000)
  }
  links.fill('up')
  for (let n = 0; n < instances; n++) await begin(n)
  await backend.clock.advance(70_000)
  await Promise.all(running.map((instance) => instance?.stop()))
  const made = backend.made.map(({ key = '' }) => Date.parse(key.split('@').at(-1) ?? ''))
  return { made, until: backend.clock.now() }
}

/** A driver whose calls fail before or after they have reached the backend. */
function lossy(driver: QueueDriver, link: () => Link): QueueDriver {
  const lost = new TriportError('ERR_DRIVER_UNAVAILABLE', 'lost')
  async function send<T>(call: () => Promise<T>): Promise<T> {
    if (link() === 'lose requests') throw lost
    const answer = await call()
    if (link() === 'lose answers') throw lost
    return answer
  }
  return {
    ...driver,
    schedules: () => send(() => driver.schedules()),
    tickSchedule: (tick) => send(() => driver.tickSchedule(tick)),
  }
}

function momentsOf(when: Schedule['times'], until: number): number[] {
  const next =
    'every' in when
      ? (after: number) => after - (after % when.every) + when.every
      : readCron(when.cron, when.timeZone).next
  const moments: number[] = []
  for (let moment = next(start); moment !== undefined && moment <= until; moment = next(moment)) moments.push(moment)
  return moments
}
