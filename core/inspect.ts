import type { Clock } from './clock.js'
import { messageOf } from './errors.js'
import type { LifecycleState } from './lifecycle.js'
import type { ServiceInfo } from './ports/driver.js'
import type { QueueCounts } from './ports/job.js'
import type { QueueDriver } from './ports/queue.js'
import type { TracerDriver, TracerStatus } from './ports/tracer.js'
import { answer } from './queue/answer.js'
import type { WorkerSnapshot } from './queue/worker.js'
import type { WorkerStatus } from './queue/worker-info.js'
import type { RoomsSnapshot } from './rooms/snapshot.js'
import type { ScheduleStatus } from './schedule/schedules.js'

/** A driver in use, and how it came to be chosen. */
export interface DriverSnapshot {
  readonly name: string
  /** `config`: you named it. `auto`: the environment did, for the stated reason. */
  readonly chosenBy: 'config' | 'auto'
  readonly reason: string
}

/** The tracer at one moment. */
export interface TracerSnapshot extends Partial<TracerStatus> {
  /** Whether spans are made. */
  readonly enabled: boolean
}

/** A queue at one moment: how many jobs are in each state, and whether claims are stopped. */
export interface QueueSnapshot extends QueueCounts {
  readonly paused: boolean
}

/** What the queue's backend knows, at one moment. */
export interface BackendSnapshot {
  /** Counted when asked, for every queue of the registered tasks. */
  readonly queues: Readonly<Record<string, QueueSnapshot>>
  /** Those of all processes. */
  readonly workers: readonly WorkerStatus[]
  readonly schedules: readonly ScheduleStatus[]
  /** Why something of the above is missing: what the backend failed with, or that it has not answered within a second. */
  readonly problems: readonly string[]
}

/** How a runtime is doing, at one moment. What the backend knows is empty while the queue is not running. */
export interface RuntimeSnapshot extends BackendSnapshot {
  readonly state: LifecycleState
  readonly instanceId: string
  readonly service: ServiceInfo
  /** Empty until `start()`. */
  readonly drivers: {
    readonly queue?: DriverSnapshot
    readonly tracer?: DriverSnapshot
    readonly rooms?: DriverSnapshot
  }
  /** What was warned of at the start: chosen drivers that do not go together. */
  readonly warnings: readonly string[]
  /** Absent until `start()`. */
  readonly tracer?: TracerSnapshot
  /** The one of this process. Absent when it runs no jobs. */
  readonly worker?: WorkerSnapshot
  readonly rooms: RoomsSnapshot
}

export interface BackendSources {
  readonly clock: Clock
  /** `undefined` while the queue is not running. */
  readonly driver: QueueDriver | undefined
  readonly queues: readonly string[]
  workers(): Promise<readonly WorkerStatus[]>
  schedules(): Promise<readonly ScheduleStatus[]>
}

/** How long each question to the backend may take, in milliseconds. */
const patience = 1_000

/** Asks everything at once. Never rejects. */
export async function inspectBackend({ clock, driver, ...sources }: BackendSources): Promise<BackendSnapshot> {
  if (driver === undefined) return { queues: {}, workers: [], schedules: [], problems: [] }
  const problems = new Set<string>()

  async function ask<T>(call: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await answer(clock, patience, call)
    } catch (error) {
      problems.add(messageOf(error))
      return otherwise
    }
  }

  const [workers, schedules, ...queues] = await Promise.all([
    ask(sources.workers(), []),
    ask(sources.schedules(), []),
    ...sources.queues.map((name) => ask(inspectQueue(driver, name), undefined)),
  ])
  const known = queues.flatMap((queue) => (queue ? [queue] : []))
  return { queues: Object.fromEntries(known), workers, schedules, problems: [...problems] }
}

async function inspectQueue(driver: QueueDriver, name: string): Promise<readonly [string, QueueSnapshot]> {
  const [counts, paused] = await Promise.all([driver.counts(name), driver.isPaused(name)])
  return [name, { ...counts, paused }]
}

/** Of a tracer that has not started there is nothing to tell. */
export function tracerSnapshot(driver: TracerDriver | undefined): Pick<RuntimeSnapshot, 'tracer'> {
  return driver ? { tracer: { enabled: driver.enabled, ...driver.status } } : {}
}
