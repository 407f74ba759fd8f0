import { TriportError } from '../../core/errors.js'
import type { RuntimeSnapshot } from '../../core/inspect.js'
import type { Exchange } from './exchange.js'
import { within } from './gate.js'
import type { Host } from './host.js'
import { authRequestOf } from './request.js'
import { respond } from './respond.js'

/** `degraded`: it runs, but a backend did not answer. `down`: it is not started, or stopping. */
type HealthStatus = 'ok' | 'degraded' | 'down'

interface Health {
  readonly status: HealthStatus
  readonly snapshot?: RuntimeSnapshot
}

/** Milliseconds for which one look at the backends answers every caller: health is open to everybody. */
const freshness = 1_000
const patience = 2_000

/** Answers `{ status }`, with the runtime's snapshot for those who may do `health:read`. */
export function createHealth(host: Host): (exchange: Exchange) => Promise<void> {
  const { runtime, gate, settings } = host
  const { clock, report } = runtime.config
  let latest: { readonly at: number; readonly health: Promise<Health> } | undefined

  async function look(): Promise<Health> {
    try {
      const snapshot = await within(patience, clock, runtime.inspect())
      if ('refused' in snapshot) return { status: 'degraded' }
      for (const problem of snapshot.problems) {
        report(new TriportError('ERR_DRIVER_UNAVAILABLE', problem), { stage: 'http.health' })
      }
      const sound = snapshot.problems.length === 0 && snapshot.rooms.broker === 'up'
      return { status: sound ? 'ok' : 'degraded', snapshot }
    } catch (error) {
      report(error, { stage: 'http.health' })
      return { status: 'degraded' }
    }
  }

  function check(): Promise<Health> {
    if (runtime.state !== 'running') return Promise.resolve({ status: 'down' })
    const now = clock.monotonic()
    if (latest === undefined || now - latest.at >= freshness) latest = { at: now, health: look() }
    return latest.health
  }

  return async (exchange) => {
    const [health, mayReadMore] = await Promise.all([check(), detailed(exchange)])
    const status = health.status === 'down' ? 503 : 200
    respond(
      exchange.response,
      status,
      mayReadMore ? { status: health.status, ...health.snapshot } : { status: health.status },
    )
  }

  async function detailed(exchange: Exchange): Promise<boolean> {
    if (settings.auth === undefined) return false
    return (await gate.admit(authRequestOf(exchange), { action: 'health:read' })).refused === undefined
  }
}
