import { randomUUID } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { isTriportError, type Runtime } from 'triport'
import { z } from 'zod'
import { maxNetworkBytes, NetworkError, parseNetwork } from './network.js'
import { Store } from './store.js'
import { processWorkflow } from './tasks.js'

/** The runtime that the routes need: one that knows our task. */
export type GrnRuntime = Runtime<readonly [typeof processWorkflow]>

const workflowBody = z.object({ network_id: z.string() })

/** The routes of the service. */
export function addRoutes(app: Express, runtime: GrnRuntime): void {
  const store = new Store(runtime.rooms)
  const networkText = express.text({ type: () => true, limit: maxNetworkBytes })

  app.post('/networks', networkText, async (request, response) => {
    const network = parseNetwork(typeof request.body === 'string' ? request.body : '')
    const id = await store.createNetwork(network)
    const { name, model, nodes, edges } = network
    response.status(201).json({
      network_id: id,
      name,
      model,
      nodes: nodes.length,
      edges: edges.length,
      links: { updates: `/ws/network/${id}`, workflows: '/workflows' },
    })
  })

  app.post('/workflows', express.json(), async (request, response) => {
    const body = workflowBody.safeParse(request.body)
    if (!body.success) throw new HttpError(400, 'bad_request', 'Send { "network_id": "..." } as application/json.')
    const { network_id } = body.data
    const network = store.network(network_id)
    if (!network) throw new HttpError(404, 'not_found', `There is no network ${network_id}.`)
    const workflowId = randomUUID()
    const job = await runtime.queue.enqueue(processWorkflow, { workflowId, network })
    store.addWorkflow(workflowId, { jobId: job.id, networkId: network_id })
    response.status(202).json({
      workflow_id: workflowId,
      job_id: job.id,
      links: { self: `/workflows/${workflowId}`, updates: `/ws/workflow/${workflowId}` },
    })
  })

  app.get('/workflows/:id', async (request, response) => {
    const { id } = request.params
    const workflow = store.workflow(id)
    if (!workflow) throw new HttpError(404, 'not_found', `There is no workflow ${id}.`)
    const { state, progress, result, error } = await runtime.queue.getResult(workflow.jobId)
    response.json({
      workflow_id: id,
      job_id: workflow.jobId,
      network_id: workflow.networkId,
      status: state,
      progress: state === 'completed' ? 100 : (progress?.percent ?? 0),
      result,
      error,
    })
  })

  app.use(answerError)
}

class HttpError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** Express tells error handlers apart by their four parameters. */
const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error)
  const { status, body } = errorAnswer(error)
  response.status(status).json({ error: body })
}

function errorAnswer(error: unknown): { status: number; body: object } {
  if (error instanceof NetworkError) {
    return { status: 400, body: { code: 'invalid_network', message: error.message, issues: error.issues } }
  }
  if (error instanceof HttpError) return { status: error.status, body: { code: error.code, message: error.message } }
  if (isTriportError(error, 'ERR_RESULT_EXPIRED')) {
    return { status: 404, body: { code: 'not_found', message: 'The result of this workflow is no longer kept.' } }
  }
  // body-parser's own errors carry a status; their messages are meant for clients.
  const { status, message } = error as { status?: number; message?: string }
  if (status === 413) {
    return { status, body: { code: 'payload_too_large', message: `The body is larger than ${maxNetworkBytes} bytes.` } }
  }
  if (status !== undefined && status < 500) return { status, body: { code: 'bad_request', message } }
  console.error(error)
  return { status: 500, body: { code: 'internal', message: 'Something went wrong.' } }
}
