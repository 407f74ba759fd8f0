import { registered } from './api.js'
import { type Env, isDisabled } from './env.js'
import { missingPackages } from './packages.js'
import { exportSettings, namedIn } from './settings.js'

/** Whether OpenTelemetry is to be used by whoever is not told, and why or why not. */
export interface Findings {
  readonly use: boolean
  /** Completes "because …". `undefined` when nothing speaks for it. */
  readonly reason?: string
}

/**
 * Looks for signs that spans are wanted: a provider that is registered, else an address in the variables of OpenTelemetry.
 *
 * @throws `ERR_OPTION_INVALID` when the address is none.
 */
export async function findOpenTelemetry(env: Env): Promise<Findings> {
  if (isDisabled(env)) return { use: false, reason: 'OTEL_SDK_DISABLED is true' }
  if (registered()?.trace) return { use: true, reason: 'an OpenTelemetry provider is registered' }
  // Who runs tests did not mean to send their spans anywhere.
  const variable = env.NODE_ENV === 'test' ? undefined : namedIn(env)
  const settings = variable && exportSettings({}, env, () => {}) // The driver tells of problems when it starts.
  if (!settings) return { use: false }
  const missing = await missingPackages(settings.protocol)
  if (missing.length === 0) return { use: true, reason: `${variable} is set` }
  const are = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'}`
  return { use: false, reason: `${variable} is set but ${are} not installed` }
}
