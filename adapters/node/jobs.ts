import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthAction } from '../../core/auth.js'
import type { JobStatus } from '../../core/queue/job.js'
import { readJson } from './body.js'
import type { Endpoint } from './endpoint.js'
import type { Host } from './host.js'
import { type HostMiddleware, runMiddleware } from './middleware.js'
import { type Refusal, refusal } from './refusals.js'
import { authRequestOf, factsOf, originAllowed } from './request.js'
import { respond, respondRefused } from './respond.js'

/** Reads and cancels jobs. Finds the endpoint by what follows `{base}/jobs/` in the path. */
export function createJobEndpoints(
  host: Host,
  use: readonly HostMiddleware[],
): (path: readonly string[]) => Endpoint | undefined {
  return ([id, verb, ...rest]) => {
    if (!id || id.length > idLimit || rest.length > 0) return undefined
    if (verb === undefined) return readEndpoint({ host, use }, id)
    return verb === 'cancel' ? cancelEndpoint({ host, use }, id) : undefined
  }
}

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
