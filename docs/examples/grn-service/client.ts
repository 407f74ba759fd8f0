import type {
  CreatedNetwork,
  StartedWorkflow,
  WorkflowLinks,
  WorkflowList,
  WorkflowResult,
  WorkflowState,
} from './api.js'

/** Called with percent and step whenever the workflow tells its progress. */
export type ShowProgress = (percent: number, step: string) => void

/** The service or the workflow said no; its message says why. */
export class RefusedError extends Error {}

/** Uploads a network, starts a workflow, follows it on its WebSocket and fetches its result, as any client would. */
export async function runWorkflow(url: string, networkText: string, show: ShowProgress): Promise<WorkflowResult> {
  const { network_id } = await request<CreatedNetwork>(url, '/networks', networkText)
  const started = await request<StartedWorkflow>(url, '/workflows', JSON.stringify({ network_id }))
  show(0, 'accepted')
  return awaitWorkflow(url, started.links, show)
}

/** Follows a workflow from its beginning on, and fetches its result. */
export async function awaitWorkflow(url: string, links: WorkflowLinks, show: ShowProgress): Promise<WorkflowResult> {
  // All updates so far, then the live ones: the workflow may be under way before the socket is open.
  await followWorkflow(new WebSocket(new URL(`${links.updates}?replay=100`, url.replace('http', 'ws'))), show)
  const { result } = await request<{ result: WorkflowResult }>(url, links.self)
  return result
}

/** Where the newest workflow of this network is that has not ended: what an earlier run left behind. */
export async function findUnended(url: string, network: string): Promise<WorkflowLinks | undefined> {
  const { workflows } = await request<WorkflowList>(url, '/workflows')
  const states = await Promise.all(workflows.map(({ workflow_id }) => stateOf(url, workflow_id)))
  const unended = ['waiting', 'delayed', 'active']
  return states.find((state) => state?.network.name === network && unended.includes(state.status))?.links
}

/** `undefined` when its job is no longer kept. */
async function stateOf(url: string, id: string): Promise<WorkflowState | undefined> {
  try {
    return await request<WorkflowState>(url, `/workflows/${id}`)
  } catch (error) {
    if (error instanceof RefusedError) return undefined
    throw error
  }
}

/** Knows nothing of traces: the runtime tells the hosts of `propagateTo` of the current one. */
async function request<Answer>(url: string, path: string, body?: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(new URL(path, url), body === undefined ? { headers } : { method: 'POST', headers, body })
  const answer = await response.json()
  if (!response.ok) throw new RefusedError(answer.error.message)
  return answer
}

/** Resolves when the workflow is completed, rejects when it ends otherwise or the connection does. */
function followWorkflow(socket: WebSocket, show: ShowProgress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('message', ({ data: text }) => {
    const { type, data } = JSON.parse(text)
    if (type !== 'WORKFLOW_UPDATE') return
    if (data.status === 'failed' || data.status === 'cancelled')
      return reject(new RefusedError(data.data.error.message))
    show(data.progress, data.data?.step ?? data.status)
    if (data.status === 'completed') resolve()
  })
  socket.addEventListener('close', ({ code, reason }) =>
    reject(new Error(`The connection closed with ${code} ${reason}`)),
  )
  return promise.finally(() => socket.close())
}
