import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthAction } from '../../core/auth.js'
import { isTriportError } from '../../core/errors.js'
import type { JobStatus } from '../../core/queue/job.js'
import { readJson } from './body.js'
import { createHealth } from './health.js'
import type { Host } from './host.js'
import { type Refusal, refusal } from './refusals.js'
import { authRequestOf, factsOf, originAllowed } from './request.js'
import { respond, respondRefused } from './respond.js'

/** One of our endpoints, as a path names it. */
export interface Endpoint {
  /** With placeholders: the name for spans. */
  readonly route: string
  readonly methods: readonly string[]
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** Finds the endpoint of a path, `undefined` for a path that is not ours. */
export type FindEndpoint = (path: string) => Endpoint | undefined

/** Bytes of the body of a cancel request: a reason, in a sentence. */
const bodyLimit = 4_096
const idLimit = 200

/** `{base}/health`, `{base}/jobs/:id` and `{base}/jobs/:id/cancel`. */
export function createEndpoints(host: Host): FindEndpoint {
  const { base } = host.settings
  const health = createHealth(host)
  const healthEndpoint: Endpoint = { route: `${base}/health`, methods: ['GET', 'HEAD'], answer: health }

  return (path) => {
    if (!path.startsWith(`${base}/`)) return undefined
    const [resource, id, verb, ...rest] = path.slice(base.length + 1).split('/')
    if (rest.length > 0) return undefined
    if (resource === 'health' && id === undefined) return healthEndpoint
    if (resource !== 'jobs' || !id || id.length > idLimit) return undefined
    if (verb === undefined) return readEndpoint(host, id)
    return verb === 'cancel' ? cancelEndpoint(host, id) : undefined
  }
}

function readEndpoint(host: Host, id: string): Endpoint {
  return {
    route: `${host.settings.base}/jobs/:id`,
    methods: ['GET', 'HEAD'],
    async answer(request, response) {
      const refused = await refusedFor(host, request, 'job:read', id)
      if (refused) return respondRefused(response, refused)
      respond(response, 200, jobJson(await host.runtime.queue.job(id).status()))
    },
  }
}

function cancelEndpoint(host: Host, id: string): Endpoint {
  return {
    route: `${host.settings.base}/jobs/:id/cancel`,
    methods: ['POST'],
    async answer(request, response) {
      const refused = await refusedFor(host, request, 'job:cancel', id)
      if (refused) return respondRefused(response, refused)
      const body = await readJson(request, bodyLimit)
      if ('problem' in body) return respondRefused(response, refusal(body.problem))
      const outcome = await host.runtime.queue.job(id).cancel(reasonIn(body.value))
      respond(response, outcome === 'requested' ? 202 : 200, { id, outcome })
    },
  }
}

/** Answers with the endpoint, whatever happens in it. */
export async function serve(
  host: Host,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { report } = host.runtime.config
  if (!endpoint.methods.includes(request.method ?? '')) {
    return respondRefused(response, refusal('method_not_allowed', { headers: { allow: endpoint.methods.join(', ') } }))
  }
  try {
    await endpoint.answer(request, response)
  } catch (error) {
    const refused = refusalFor(error)
    if (refused.code === 'internal') report(error, { stage: 'http.endpoint', route: endpoint.route })
    respondRefused(response, refused)
  }
}

async function refusedFor(
  host: Host,
  request: IncomingMessage,
  action: AuthAction,
  job: string,
): Promise<Refusal | undefined> {
  const { settings, gate, runtime } = host
  if (settings.auth === undefined)
    return refusal('not_found', { message: 'Job endpoints are off until http.auth is set.' })
  if (runtime.state !== 'running') return refusal('unavailable')
  if (!originAllowed(request, settings.origin, factsOf(request, settings.trustProxy))) {
    return refusal('forbidden', { message: 'Pages of this origin may not act here.' })
  }
  return (await gate.admit(authRequestOf(request), { action, resource: { job } })).refused
}

function refusalFor(error: unknown): Refusal {
  if (isTriportError(error, 'ERR_JOB_UNKNOWN'))
    return refusal('not_found', { message: 'There is no such job, or no more.' })
  if (isTriportError(error) && error.retryable) return refusal('unavailable')
  return refusal('internal')
}

/** What anybody who may read the job sees of it: no stack, no cause. */
function jobJson({ id, key, task, queue, state, attempts, progress, result, error, ...times }: JobStatus): object {
  return {
    id,
    key,
    task,
    queue,
    state,
    attempts,
    progress,
    result,
    error: error && { name: error.name, message: error.message, code: error.code },
    enqueuedAt: times.enqueuedAt,
    startedAt: times.startedAt,
    finishedAt: times.finishedAt,
  }
}

function reasonIn(body: unknown): string | undefined {
  const reason = (body as { reason?: unknown } | null | undefined)?.reason
  return typeof reason === 'string' ? reason : undefined
}
