import type { Clock } from '../clock.js'
import type { ContextStorage } from '../context.js'
import type { Report } from '../report.js'

/** Names the service in traces and in introspection. */
export interface ServiceInfo {
  readonly name: string
  readonly version?: string
}

/** What the runtime hands to every driver when it starts. */
export interface DriverContext {
  /** This process's time, timers and waits. Drivers MUST NOT use any other clock. */
  readonly clock: Clock
  /** A number in [0, 1). Drivers MUST NOT use any other source of randomness for decisions. */
  random(): number
  /** Where failures go that have no caller to reject to. */
  readonly report: Report
  /** Identifies this runtime among all that share a backend. */
  readonly instanceId: string
  readonly service: ServiceInfo
  /**
   * Runs `fn` outside of every trace. A driver whose library tells others of its calls MUST make them so: they are not the application's.
   */
  untraced<T>(fn: () => T): T
  /** Makes a context variable that follows asynchronous calls. */
  contextStorage<T>(): ContextStorage<T>
}

/** Where a server is. */
export interface ServerAddress {
  readonly address: string
  readonly port?: number | undefined
}

/**
 * What all three kinds of driver have in common.
 *
 * - `start` MUST leave nothing open when it rejects, and MAY be called again afterwards.
 * - `stop` MUST be safe after a failed or missing start and when called twice, and MUST NOT close a client that was passed in.
 * - Failures of the backend MUST surface as `TriportError` with code `ERR_DRIVER_UNAVAILABLE`, `retryable: true` and the
 *   library's error as `cause`; messages MUST NOT contain credentials.
 */
export interface Driver {
  /** The name in logs and in `runtime.inspect()`. Core MUST NOT branch on it. */
  readonly name: string
  start?(context: DriverContext): Promise<void>
  stop?(): Promise<void>
}
