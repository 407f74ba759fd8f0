import type { Clock } from '../clock.js'
import type { Ids } from '../ids.js'
import type { Late } from '../late.js'
import type { QueueDriver } from '../ports/queue.js'
import type { Ask } from '../queue/answer.js'
import type { JobEvents } from '../queue/events.js'
import type { Report } from '../report.js'
import { createBook } from './book.js'
import { createReader } from './reader.js'
import type { ReadCron } from './recurrence.js'
import type { Schedule } from './schedule.js'
import { createScheduler } from './scheduler.js'
import { createSchedules, type Schedules } from './schedules.js'
import { createTicker } from './ticker.js'
import { createRecurrences } from './times.js'

export interface SchedulingDeps {
  readonly driver: Late<QueueDriver>
  readonly ask: Ask
  readonly clock: Clock
  random(): number
  readonly ids: Ids
  readonly report: Report
  readonly events: JobEvents
  /** Loads the reader of cron patterns. */
  readonly loadCron: () => Promise<ReadCron>
  /** The schedules of this instance's configuration. */
  readonly declared: readonly Schedule[]
}

/** The schedules of a runtime, and what makes their jobs. */
export interface Scheduling {
  readonly schedules: Schedules
  /** Stores the declared schedules, and makes jobs from now on. @throws `ERR_SCHEDULE_INVALID`, `ERR_DRIVER_UNAVAILABLE` */
  start(): Promise<void>
  stop(): Promise<void>
}

export function createScheduling(deps: SchedulingDeps): Scheduling {
  const { report, loadCron, declared } = deps
  const recurrences = createRecurrences(loadCron)
  const read = createReader(recurrences, report)
  const names = new Set(declared.map(({ name }) => name))
  const book = createBook({ ...deps, read, declared: names })
  const scheduler = createScheduler({ ...deps, book, tick: createTicker(deps) })
  const schedules = createSchedules({ ...deps, recurrences, read, changed: scheduler.kick })
  return {
    schedules,
    async start() {
      await schedules.declare(declared)
      // Of a server driver a process may have nothing but its link, and that is gone in an outage.
      scheduler.start({ keepAlive: declared.length > 0 && deps.driver.get().supports.shared })
    },
    stop: scheduler.stop,
  }
}
