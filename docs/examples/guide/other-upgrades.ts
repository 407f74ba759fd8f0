import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime } from 'triport'
import { attach } from 'triport/http'
import { WebSocketServer } from 'ws'

const runtime = createRuntime()
const server = createServer()
// #region upgrades
attach(runtime, { server }) // Takes /ws and what is below it.

const chat = new WebSocketServer({ noServer: true })
server.on('upgrade', (request, socket, head) => {
  if (request.url !== '/chat') return
  chat.handleUpgrade(request, socket, head, (client) => client.send('hello from the chat'))
})
// #endregion
await runtime.start()
server.listen(0)
await once(server, 'listening')
const url = `ws://localhost:${(server.address() as AddressInfo).port}`

for (const path of ['/chat', '/ws/lobby/1']) {
  const socket = new WebSocket(url + path)
  const [{ data }] = (await once(socket, 'message')) as [MessageEvent<string>]
  console.log(data.slice(0, 19))
  socket.close()
  await once(socket, 'close')
}
// prints: hello from the chat
// prints: {"type":"WELCOME","

await runtime.stop()
server.close()
