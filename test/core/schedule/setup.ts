import type { Clock } from '../../../core/clock.js'
import { createIds } from '../../../core/ids.js'
import { late } from '../../../core/late.js'
import type { NewJob } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { createAsk } from '../../../core/queue/answer.js'
import { createJobEvents, type JobEvents } from '../../../core/queue/events.js'
import { defineTask } from '../../../core/queue/task.js'
import type { Schedule } from '../../../core/schedule/schedule.js'
import type { Schedules } from '../../../core/schedule/schedules.js'
import { createScheduling } from '../../../core/schedule/scheduling.js'
import { readCron } from '../../../drivers/cron.js'
import { type MemoryQueueStore, memoryQueue, memoryQueueStore } from '../../../drivers/memory/queue.js'
import { createFakeClock, type FakeClock } from '../../kit/clock.js'
import { driverContext } from '../../kit/driver-context.js'
import { type ReportSpy, reportSpy } from '../../kit/spy.js'

/** What instances share: a store, and the server's time. */
export interface Backend {
  readonly store: MemoryQueueStore
  readonly clock: FakeClock
  /** The jobs of every tick that the store took, in order. */
  readonly made: NewJob[]
}

/** The scheduling of one process. */
export interface Instance {
  readonly schedules: Schedules
  readonly driver: QueueDriver
  readonly report: ReportSpy
  readonly events: JobEvents
  start(): Promise<void>
  stop(): Promise<void>
}

export interface InstanceSetup {
  /** Those of its configuration. */
  readonly schedules?: readonly Schedule[]
  readonly wrap?: (driver: QueueDriver) => QueueDriver
  /** How far the time of day of its machine is ahead of the server's, in milliseconds. */
  readonly ahead?: number
  readonly random?: () => number
}

export const poll = defineTask({ name: 'poll', run() {} })

/** @param start Milliseconds since the epoch. */
export function createBackend(start?: number): Backend {
  return { store: memoryQueueStore(), clock: createFakeClock(start), made: [] }
}

export async function createInstance(backend: Backend, setup: InstanceSetup = {}): Promise<Instance> {
  const { store, clock: server, made } = backend
  const { schedules = [], wrap = (driver) => driver, ahead = 0, random = () => 0.5 } = setup
  const clock: Clock = { ...server, now: () => server.now() + ahead }
  const report = reportSpy()
  const memory = memoryQueue({ store })
  await memory.start?.(driverContext({ clock: server, report }))
  const driver = wrap({
    ...memory,
    async tickSchedule(tick) {
      const done = await memory.tickSchedule(tick)
      if (done) made.push(...tick.enqueue)
      return done
    },
  })
  const place = late<QueueDriver>('The queue')
  place.set(driver)
  const ask = createAsk(place, clock, 5_000)
  const events = createJobEvents({ driver: place, ask, queues: [], report })
  const loadCron = async () => readCron
  const shared = { driver: place, ask, clock, random, ids: createIds(clock), report, events, loadCron }
  const { schedules: facade, start, stop } = createScheduling({ ...shared, declared: schedules })
  return { schedules: facade, driver, report, events, start, stop }
}

/** An instance that has started. */
export async function createRunning(backend: Backend, setup: InstanceSetup = {}): Promise<Instance> {
  const instance = await createInstance(backend, setup)
  await instance.start()
  await backend.clock.settle()
  return instance
}

/** When the occurrences were that became jobs: seconds after `since`. */
export function occurrences({ made }: Backend, since: number): number[] {
  return made.map(({ key }) => (Date.parse(key?.split('@').at(-1) ?? '') - since) / 1_000)
}
