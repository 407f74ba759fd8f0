import type { Clock } from '../../core/clock.js'
import { refuse } from '../../core/config.js'
import { type HttpConfig, type HttpSettings, httpSettings, problemsOfHttp } from '../../core/http-config.js'
import type { RuntimeSnapshot } from '../../core/inspect.js'
import type { LifecycleState } from '../../core/lifecycle.js'
import type { Metrics } from '../../core/metrics/metrics.js'
import type { Job } from '../../core/queue/job.js'
import type { Report } from '../../core/report.js'
import type { Rooms } from '../../core/rooms/hub.js'
import type { Tracer } from '../../core/tracer/tracer.js'
import { createGate, type Gate } from './gate.js'

/** What an adapter needs of a runtime. Every `Runtime` has it. */
export interface HostedRuntime {
  readonly state: LifecycleState
  readonly config: {
    readonly http: HttpConfig
    readonly clock: Clock
    readonly report: Report
    readonly production: boolean
  }
  readonly queue: { job(id: string): Pick<Job<unknown>, 'status' | 'cancel'> }
  readonly tracer: Tracer
  readonly rooms: Pick<Rooms, 'connect'>
  readonly metrics: Metrics
  inspect(): Promise<RuntimeSnapshot>
}

/** A runtime together with how it is served. */
export interface Host {
  readonly runtime: HostedRuntime
  readonly settings: HttpSettings
  readonly gate: Gate
}

/**
 * @param override Replaces options of `runtime.config.http`, one by one.
 * @throws `ERR_CONFIG_INVALID` with every problem in `details.problems`.
 */
export function hostOf(runtime: HostedRuntime, override: HttpConfig = {}): Host {
  refuse(problemsOfHttp(override))
  const settings = httpSettings({ ...runtime.config.http, ...override })
  const { clock, report, production } = runtime.config
  return { runtime, settings, gate: createGate({ auth: settings.auth, production, clock, report }) }
}
