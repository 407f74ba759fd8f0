import { randomUUID } from 'node:crypto'
import type { Runtime } from 'triport'
import { z } from 'zod'
import { type Answer, type Call, Refused, type Route } from './answer.js'
import type { CreatedNetwork, StartedWorkflow, WorkflowLinks, WorkflowList, WorkflowState } from './api.js'
import { bundledNetworks } from './bundled.js'
import { parseNetwork } from './network.js'
import type { Store, Workflow } from './store.js'
import { processWorkflow } from './tasks.js'
import { type FinishedSpans, traceOf } from './trace.js'

/** The runtime that the routes need: one that knows our task. */
export type GrnRuntime = Runtime<readonly [typeof processWorkflow]>

const listed = 20

/** The routes of the service, for whatever host. @param spans Absent when the spans go elsewhere. */
export function createRoutes({ queue, tracer }: GrnRuntime, store: Store, spans?: FinishedSpans): Route[] {
  async function createNetwork({ body }: Call): Promise<Answer> {
    const network = parseNetwork(body)
    const id = await store.createNetwork(network)
    const { name, model, nodes, edges } = network
    return created<CreatedNetwork>(201, {
      network_id: id,
      name,
      model,
      nodes: nodes.length,
      edges: edges.length,
      links: { updates: `/ws/network/${id}`, workflows: '/workflows' },
    })
  }

  async function startWorkflow({ body }: Call): Promise<Answer> {
    const networkId = networkIdIn(body)
    const network = store.network(networkId)
    if (!network) throw new Refused(404, 'not_found', `There is no network ${networkId}.`)
    const id = randomUUID()
    const job = await queue.enqueue(processWorkflow, { workflowId: id, network })
    const traceId = tracer.spanContext(tracer.active())?.traceId
    await store.addWorkflow({ id, jobId: job.id, networkId, network, traceId, createdAt: new Date() })
    return created<StartedWorkflow>(202, { workflow_id: id, job_id: job.id, links: linksOf(id, job.id) })
  }

  async function readWorkflow({ params }: Call): Promise<Answer> {
    const workflow = workflowOf(params)
    const { jobId, networkId, network } = workflow
    const { state, progress, result, error } = await queue.getResult(jobId)
    return ok<WorkflowState>({
      workflow_id: workflow.id,
      job_id: jobId,
      network_id: networkId,
      network: { name: network.name, model: network.model, nodes: network.nodes.map(({ id }) => id) },
      created_at: workflow.createdAt.toISOString(),
      status: state,
      progress: state === 'completed' ? 100 : (progress?.percent ?? 0),
      result: result as WorkflowState['result'],
      error,
      links: linksOf(workflow.id, jobId),
    })
  }

  function readTrace({ params }: Call): Answer {
    const { traceId } = workflowOf(params)
    if (!spans || !traceId) throw new Refused(404, 'no_trace', 'This server keeps no traces: its spans go elsewhere.')
    return ok(traceOf(traceId, spans.finished))
  }

  function listWorkflows(): Answer {
    return ok<WorkflowList>({ workflows: store.newest(listed).map(({ id }) => ({ workflow_id: id })) })
  }

  function workflowOf({ id = '' }: Call['params']): Workflow {
    const workflow = store.workflow(id)
    if (!workflow) throw new Refused(404, 'not_found', `There is no workflow ${id}.`)
    return workflow
  }

  return [
    { method: 'GET', path: '/networks/bundled', handle: async () => ok(await bundledNetworks()) },
    { method: 'POST', path: '/networks', handle: createNetwork },
    { method: 'POST', path: '/workflows', handle: startWorkflow },
    { method: 'GET', path: '/workflows', handle: listWorkflows },
    { method: 'GET', path: '/workflows/:id', handle: readWorkflow },
    { method: 'GET', path: '/workflows/:id/trace', handle: readTrace },
  ]
}

function ok<Body>(body: Body): Answer {
  return { status: 200, body }
}

function created<Body>(status: 201 | 202, body: Body): Answer {
  return { status, body }
}

function linksOf(id: string, jobId: string): WorkflowLinks {
  const self = `/workflows/${id}`
  return { self, updates: `/ws/workflow/${id}`, trace: `${self}/trace`, cancel: `/triport/jobs/${jobId}/cancel` }
}

const workflowBody = z.object({ network_id: z.string() })

function networkIdIn(body: string): string {
  const parsed = workflowBody.safeParse(jsonOf(body))
  if (!parsed.success) throw new Refused(400, 'bad_request', 'Send { "network_id": "..." }.')
  return parsed.data.network_id
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused(400, 'bad_request', 'The body is not JSON. Send { "network_id": "..." }.')
  }
}
