/** Watches a workflow from a page. No library is needed. */
export function watch(base: string, id: string, show: (progress: number, status: string) => void): WebSocket {
  const socket = new WebSocket(`${base}/ws/workflow/${id}`)
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'WORKFLOW_UPDATE') show(message.data.progress, message.data.status)
    if (message.data?.progress === 100) socket.close()
  }
  return socket
}
