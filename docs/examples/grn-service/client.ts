import type { Tracer } from 'triport'
import type { CreatedNetwork, StartedWorkflow, WorkflowResult } from './api.js'

/** Called with percent and step whenever the workflow tells its progress. */
export type ShowProgress = (percent: number, step: string) => void

/** The service or the workflow said no; its message says why. */
export class RefusedError extends Error {}

/** Uploads a network, starts a workflow, follows it on its WebSocket and fetches its result, as any client would. */
export async function runWorkflow(
  url: string,
  networkText: string,
  tracer: Tracer,
  show: ShowProgress,
): Promise<WorkflowResult> {
  const { network_id } = await request<CreatedNetwork>('/networks', networkText)
  const started = await request<StartedWorkflow>('/workflows', JSON.stringify({ network_id }))
  show(0, 'accepted')
  // All updates so far, then the live ones: the workflow may be under way before the socket is open.
  await followWorkflow(new WebSocket(new URL(`${started.links.updates}?replay=100`, url.replace('http', 'ws'))), show)
  const { result } = await request<{ result: WorkflowResult }>(started.links.self)
  return result

  /** Sends the current span along, so that the server's work belongs to this trace. */
  async function request<Answer>(path: string, body?: string): Promise<Answer> {
    const headers = tracer.inject({ 'content-type': 'application/json' })
    const response = await fetch(
      new URL(path, url),
      body === undefined ? { headers } : { method: 'POST', headers, body },
    )
    const answer = await response.json()
    if (!response.ok) throw new RefusedError(answer.error.message)
    return answer
  }
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
