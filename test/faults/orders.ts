import type { WorkerOptions } from '../../core/queue/worker-options.js'

/** A driver by its name, with its options. */
export interface Backend {
  readonly driver: string
  readonly [option: string]: unknown
}

/** `held` has a queue of its own, for jobs that only certain workers are to have. */
export type TaskName = 'count' | 'held'

/** What a process of the program is to be. */
export interface Orders {
  /** The file that it writes down what it does. */
  readonly ledger: string
  readonly queue: Backend
  readonly rooms: Backend
  /** Runs jobs of this task. */
  readonly worker?: WorkerOptions & { readonly task: TaskName }
  /** Serves rooms over WebSockets. */
  readonly serves?: boolean
  /** Enqueues so many jobs by itself, and publishes as many messages. */
  readonly produces?: { readonly room: string; readonly jobs: number; readonly ms: number }
  /** Leaves something open, or a rejection unhandled, to test that it is noticed. */
  readonly leaves?: 'timer' | 'rejection'
  /** Passes a pool of its own to the drivers, with so many clients. */
  readonly pool?: { readonly url: string; readonly max: number }
}

/** What the test asks of a process. `exhaust`: take all clients of the pool, until `relax`. */
export type Command = 'stop' | 'exhaust' | 'relax'

/** What a process tells the test. */
export type Told = { readonly ready: number } | { readonly stopped: readonly string[] }
