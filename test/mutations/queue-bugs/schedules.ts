import type { QueueDriver } from '../../../core/ports/queue.js'
import type { Bug } from './bug.js'

const unseenByFuzzer = 'it plays with jobs only'

export const scheduleBugs: readonly Bug[] = [
  {
    name: 'duplicate occurrence: a tick does not compare the cursor',
    claim: 'a tick from another cursor or definition MUST change nothing',
    unseenByFuzzer,
    plant: blindTick,
  },
  {
    name: 'a schedule that is saved unchanged begins anew',
    claim: 'saving an unchanged schedule MUST keep paused and cursor',
    unseenByFuzzer,
    plant: savedAnew,
  },
  {
    name: 'what fell into the pause of a schedule is made up for',
    claim: 'what fell into the pause of a schedule is not made up for',
    unseenByFuzzer,
    plant: madeUp,
  },
  {
    name: 'a worker that died is listed for ever',
    claim: 'an announcement MUST be gone ttl milliseconds after it was made last',
    unseenByFuzzer,
    plant: eternalWorker,
  },
]

function blindTick(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async tickSchedule(tick) {
      const { schedules } = await driver.schedules()
      const from = schedules.find(({ name }) => name === tick.name)?.cursor ?? tick.from
      return driver.tickSchedule({ ...tick, from })
    },
  }
}

function savedAnew(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async saveSchedule(schedule) {
      await driver.removeSchedule(schedule.name)
      await driver.saveSchedule(schedule)
    },
  }
}

function madeUp(driver: QueueDriver): QueueDriver {
  const cursors = new Map<string, number>()
  return {
    ...driver,
    async pauseSchedule(name, paused) {
      const { schedules } = await driver.schedules()
      for (const schedule of schedules) if (schedule.paused && !paused) cursors.set(schedule.name, schedule.cursor)
      return driver.pauseSchedule(name, paused)
    },
    async schedules() {
      const { now, schedules } = await driver.schedules()
      return { now, schedules: schedules.map((each) => ({ ...each, cursor: cursors.get(each.name) ?? each.cursor })) }
    },
  }
}

function eternalWorker(driver: QueueDriver): QueueDriver {
  return { ...driver, announceWorker: (worker) => driver.announceWorker({ ...worker, ttl: worker.ttl * 1_000_000 }) }
}
