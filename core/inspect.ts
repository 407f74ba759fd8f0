import type { LifecycleState } from './lifecycle.js'
import type { ServiceInfo } from './ports/driver.js'
import type { QueueCounts } from './ports/job.js'
import type { WorkerSnapshot } from './queue/worker.js'
import type { RoomsSnapshot } from './rooms/snapshot.js'

/** A driver in use, and how it came to be chosen. */
export interface DriverSnapshot {
  readonly name: string
  /** `config`: you named it. `auto`: the environment did, for the stated reason. */
  readonly chosenBy: 'config' | 'auto'
  readonly reason: string
}

/** How a runtime is doing, at one moment. */
export interface RuntimeSnapshot {
  readonly state: LifecycleState
  readonly instanceId: string
  readonly service: ServiceInfo
  /** Empty until `start()`. */
  readonly drivers: {
    readonly queue?: DriverSnapshot
    readonly tracer?: DriverSnapshot
    readonly rooms?: DriverSnapshot
  }
  /** Counted when asked, for every queue of the registered tasks. Empty when the queue is not running. */
  readonly queues: Readonly<Record<string, QueueCounts>>
  /** Absent when this process runs no jobs. */
  readonly worker?: WorkerSnapshot
  readonly rooms: RoomsSnapshot
}
