import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCollaborationUpdateMessage, createRuntime } from 'triport'
import { attach } from 'triport/http'

// #region inbound
const runtime = createRuntime({
  http: {
    auth: {
      authenticate: ({ url }) => new URL(url, 'http://localhost').searchParams.get('user') ?? undefined,
      authorize: (_user, action, { room }) => action.startsWith('room:') && room?.startsWith('document:') === true,
    },
  },
})

runtime.rooms.on('document:{id}', async ({ room, type, data, params }, connection) => {
  if (type !== 'EDIT') return
  const user = String(connection.principal)
  await runtime.rooms.broadcastToRoom(room, createCollaborationUpdateMessage(params.id ?? '', user, 'edit', data))
})
// #endregion

const server = createServer()
attach(runtime, { server })
await runtime.start()
server.listen(0)
await once(server, 'listening')
const { port } = server.address() as AddressInfo

const socket = new WebSocket(`ws://localhost:${port}/ws/document/7?user=ada`)
const heard = new Promise<void>((resolve) => {
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'SUBSCRIBED') socket.send(JSON.stringify({ type: 'EDIT', data: { line: 3 } }))
    if (message.type !== 'COLLABORATION_UPDATE') return
    console.log(message.data)
    resolve()
  }
})
await heard
// prints: { resource_id: '7', user_id: 'ada', action: 'edit', data: { line: 3 } }

await runtime.stop()
server.close()
