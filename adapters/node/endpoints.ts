import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthAction } from '../../core/auth.js'
import { isTriportError } from '../../core/errors.js'
import type { JobStatus } from '../../core/queue/job.js'
import { readJson } from './body.js'
import { createHealth } from './health.js'
import type { Host } from './host.js'
import { type HostMiddleware, runMiddleware } from './middleware.js'
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

/** What the endpoints for jobs work with. */
interface Jobs {
  readonly host: Host
  readonly use: readonly HostMiddleware[]
}

interface JobRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly action: AuthAction
  readonly job: string
}

/** Bytes of the body of a cancel request: a reason, in a sentence. */
const bodyLimit = 4_096
const idLimit = 200

/** `{base}/health`, `{base}/jobs/:id` and `{base}/jobs/:id/cancel`. */
export function createEndpoints(host: Host, use: readonly HostMiddleware[]): FindEndpoint {
  const { base } = host.settings
  const health = createHealth(host)
  const healthEndpoint: Endpoint = { route: `${base}/health`, methods: ['GET', 'HEAD'], answer: health }
  const jobs = { host, use }

  return (path) => {
    if (!path.startsWith(`${base}/`)) return undefined
    const [resource, id, verb, ...rest] = path.slice(base.length + 1).split('/')
    if (rest.length > 0) return undefined
    if (resource === 'health' && id === undefined) return healthEndpoint
    if (resource !== 'jobs' || !id || id.length > idLimit) return undefined
    if (verb === undefined) return readEndpoint(jobs, id)
    return verb === 'cancel' ? cancelEndpoint(jobs, id) : undefined
  }
}

function readEndpoint(jobs: Jobs, id: string): Endpoint {
  const { host } = jobs
  return {
    route: `${host.settings.base}/jobs/:id`,
    methods: ['GET', 'HEAD'],
    async answer(request, response) {
      if (!(await entered(jobs, { request, response, action: 'job:read', job: id }))) return
      respond(response, 200, jobJson(await host.runtime.queue.job(id).status()))
    },
  }
}

function cancelEndpoint(jobs: Jobs, id: string): Endpoint {
  const { host } = jobs
  return {
    route: `${host.settings.base}/jobs/:id/cancel`,
    methods: ['POST'],
    async answer(request, response) {
      if (!(await entered(jobs, { request, response, action: 'job:cancel', job: id }))) return
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

/** Whether somebody may go on to what they asked for. If not, they have their answer. */
async function entered({ host, use }: Jobs, { request, response, action, job }: JobRequest): Promise<boolean> {
  const early = refusedAtOnce(host, request)
  if (early === undefined && !(await runMiddleware(use, request, response))) return false
  const refused = early ?? (await host.gate.admit(authRequestOf(request), { action, resource: { job } })).refused
  if (refused) respondRefused(response, refused)
  return refused === undefined
}

function refusedAtOnce({ settings, runtime }: Host, request: IncomingMessage): Refusal | undefined {
  if (settings.auth === undefined)
    return refusal('not_found', { message: 'Job endpoints are off until http.auth is set.' })
  if (runtime.state !== 'running') return refusal('unavailable')
  if (originAllowed(request, settings.origin, factsOf(request, settings.trustProxy))) return undefined
  return refusal('forbidden', { message: 'Pages of this origin may not act here.' })
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
