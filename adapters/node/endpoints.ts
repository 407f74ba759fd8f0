import { isTriportError } from '../../core/errors.js'
import type { Endpoint } from './endpoint.js'
import type { Exchange } from './exchange.js'
import { createHealth } from './health.js'
import type { Host } from './host.js'
import { createJobEndpoints } from './jobs.js'
import { createMetricsEndpoint } from './metrics.js'
import { type Refusal, refusal } from './refusals.js'
import { respondRefused } from './respond.js'

/** Finds the endpoint of a path, `undefined` for a path that is not ours. */
export type FindEndpoint = (path: string) => Endpoint | undefined

/** `{base}/health`, `{base}/metrics`, `{base}/jobs/:id` and `{base}/jobs/:id/cancel`. */
export function createEndpoints(host: Host): FindEndpoint {
  const { base } = host.settings
  const health: Endpoint = { route: `${base}/health`, methods: ['GET', 'HEAD'], answer: createHealth(host) }
  const metrics = createMetricsEndpoint(host)
  const findJob = createJobEndpoints(host)

  const begin = `${base}/`

  return (path) => {
    if (!path.startsWith(begin)) return undefined
    const [resource, ...rest] = path.slice(base.length + 1).split('/')
    if (resource === 'health' && rest.length === 0) return health
    if (resource === 'metrics' && rest.length === 0) return metrics
    return resource === 'jobs' ? findJob(rest) : undefined
  }
}

/** Answers with the endpoint, whatever happens in it. */
export async function serve(host: Host, endpoint: Endpoint, exchange: Exchange): Promise<void> {
  const { report } = host.runtime.config
  const { request, response } = exchange
  if (!endpoint.methods.includes(request.method ?? '')) {
    return respondRefused(response, refusal('method_not_allowed', { headers: { allow: endpoint.methods.join(', ') } }))
  }
  try {
    await endpoint.answer(exchange)
  } catch (error) {
    if (response.destroyed) return // The client left in the middle of its request.
    const refused = refusalFor(error)
    if (refused.code === 'internal') report(error, { stage: 'http.endpoint', route: endpoint.route })
    respondRefused(response, refused)
  }
}

function refusalFor(error: unknown): Refusal {
  if (isTriportError(error, 'ERR_JOB_UNKNOWN') || isTriportError(error, 'ERR_RESULT_EXPIRED')) {
    return refusal('not_found', { message: 'There is no such job, or no more.' })
  }
  if (isTriportError(error) && error.retryable) return refusal('unavailable')
  return refusal('internal')
}
