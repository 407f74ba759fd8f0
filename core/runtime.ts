import { systemClock } from './clock.js'
import {
  type Choice,
  checkConfig,
  type DriverTable,
  isNamed,
  type Port,
  type RuntimeConfig,
  type ServiceInfo,
} from './config.js'
import type { ContextStorageFactory } from './context.js'
import { announce } from './current.js'
import { TriportError } from './errors.js'
import { createIds } from './ids.js'
import type { DriverSnapshot, RuntimeSnapshot } from './inspect.js'
import { type Late, late } from './late.js'
import { createLifecycle, type LifecycleState, type Stage } from './lifecycle.js'
import type { Driver, DriverContext } from './ports/driver.js'
import type { QueueDriver } from './ports/queue.js'
import type { RoomsDriver } from './ports/rooms.js'
import type { TracerDriver } from './ports/tracer.js'
import { createTaskQueue, type TaskQueue } from './queue/queue.js'
import { type AnyTask, taskRegistry } from './queue/task.js'
import { createWorker } from './queue/worker.js'
import type { Report } from './report.js'
import { createHub, type Rooms } from './rooms/hub.js'
import { createTracer, type Tracer } from './tracer/tracer.js'

/** What the environment named for a port. */
export interface Detection {
  readonly driver: string
  /** Completes the sentence "chosen because ...". */
  readonly reason: string
}

/** @throws `ERR_CONFIG_INVALID` when the environment names something unknown. */
export type Detect = (port: Port, env: Readonly<Record<string, string | undefined>>) => Detection | undefined

/** What the core needs of the host that it runs on. */
export interface Platform {
  readonly contextStorage: ContextStorageFactory
  env(): Readonly<Record<string, string | undefined>>
  readonly detect: Detect
  /** Shows a line to the operator. */
  write(line: string): void
}

/** The part of a configuration that adapters read. */
export interface RuntimeSettings {
  readonly service: ServiceInfo
  readonly http: HttpConfig
  readonly clock: Clock
  readonly report: Report
  /** `NODE_ENV` was `production` when the runtime was made. */
  readonly production: boolean
}

/** Jobs, traces and rooms of one service, wired together. */
export interface Runtime<Tasks extends readonly AnyTask[] = readonly AnyTask[]> extends AsyncDisposable {
  readonly queue: TaskQueue<Tasks>
  readonly tracer: Tracer
  readonly rooms: Rooms
  /** What it was made from. */
  readonly config: RuntimeSettings
  /** `running` between the end of `start()` and the beginning of `stop()`. */
  readonly state: LifecycleState
  /**
   * Loads and connects the drivers and starts the worker. Concurrent calls share one start; after a failure it may be called again.
   *
   * @throws `ERR_DRIVER_CHOICE_REQUIRED` in production when a port is left out and the environment names nothing;
   *   `ERR_PEER_MISSING`, `ERR_DRIVER_UNAVAILABLE` and what else a driver's start rejects with.
   */
  start(): Promise<this>
  /**
   * Takes no new work, lets what runs end, and closes everything in reverse order.
   *
   * @throws `ERR_STOP_FAILED` with every failure, after all was tried.
   */
  stop(): Promise<void>
  /** How it is doing right now. */
  inspect(): Promise<RuntimeSnapshot>
}
