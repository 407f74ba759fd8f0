import { prometheusType } from '../../core/metrics/prometheus.js'
import type { Endpoint } from './endpoint.js'
import { entered } from './entry.js'
import type { Host } from './host.js'
import { refusal } from './refusals.js'
import { respondRefused, respondText } from './respond.js'

/** Tells what the runtime has measured, in Prometheus' text format. Where nobody can be let in, nothing is added up. */
export function createMetricsEndpoint(host: Host): Endpoint {
  const { runtime, settings } = host
  const kept = settings.auth !== undefined && runtime.metrics.keep()
  return {
    route: `${settings.base}/metrics`,
    methods: ['GET', 'HEAD'],
    async answer(exchange) {
      if (!(await entered(host, exchange, { action: 'metrics:read' }))) return
      const { response } = exchange
      if (!kept) return respondRefused(response, refusal('not_found', { message: 'metrics is false here.' }))
      respondText(response, await runtime.metrics.text(), prometheusType)
    },
  }
}
