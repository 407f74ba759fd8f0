import type { JobStatus } from '../../core/queue/job.js'
import { readJson } from './body.js'
import type { Endpoint } from './endpoint.js'
import { entered } from './entry.js'
import type { Host } from './host.js'
import { refusal } from './refusals.js'
import { respond, respondRefused } from './respond.js'

/** Reads and cancels jobs. Finds the endpoint by what follows `{base}/jobs/` in the path. */
export function createJobEndpoints(host: Host): (path: readonly string[]) => Endpoint | undefined {
  return ([id, verb, ...rest]) => {
    if (!id || id.length > idLimit || rest.length > 0) return undefined
    if (verb === undefined) return readEndpoint(host, id)
    return verb === 'cancel' ? cancelEndpoint(host, id) : undefined
  }
}

/** Bytes of the body of a cancel request: a reason, in a sentence. */
const bodyLimit = 4_096
const idLimit = 200

function readEndpoint(host: Host, id: string): Endpoint {
  return {
    route: `${host.settings.base}/jobs/:id`,
    methods: ['GET', 'HEAD'],
    async answer(exchange) {
      if (!(await entered(host, exchange, { action: 'job:read', resource: { job: id } }))) return
      respond(exchange.response, 200, jobJson(await host.runtime.queue.job(id).status()))
    },
  }
}

function cancelEndpoint(host: Host, id: string): Endpoint {
  return {
    route: `${host.settings.base}/jobs/:id/cancel`,
    methods: ['POST'],
    async answer(exchange) {
      const { response } = exchange
      if (!(await entered(host, exchange, { action: 'job:cancel', resource: { job: id } }))) return
      const body = await readJson(exchange, bodyLimit)
      if ('problem' in body) return respondRefused(response, refusal(body.problem))
      const outcome = await host.runtime.queue.job(id).cancel(reasonIn(body.value))
      respond(response, outcome === 'requested' ? 202 : 200, { id, outcome })
    },
  }
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
