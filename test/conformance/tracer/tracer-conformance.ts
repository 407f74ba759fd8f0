import { baggageClaims } from './baggage-claims.js'
import { contextClaims } from './context-claims.js'
import { claims, type TracerConformanceOptions } from './harness.js'
import { offClaims } from './off-claims.js'
import { propagationClaims } from './propagation-claims.js'
import { recordingClaims } from './recording-claims.js'
import { scenarioClaims } from './scenario-claims.js'
import { serviceClaims } from './service-claims.js'

/**
 * Tests what the port `TracerDriver` promises.
 *
 * ```ts
 * tracerConformance({ test, create: () => { const driver = memoryTracer(); return { driver, spans: () => driver.finished } } })
 * ```
 */
export function tracerConformance(options: TracerConformanceOptions): void {
  offClaims(options)
  if (options.enabled === false) return
  const claim = claims(options)
  contextClaims(claim)
  propagationClaims(claim)
  baggageClaims(claim)
  recordingClaims(claim)
  scenarioClaims(claim)
  serviceClaims(options)
}
