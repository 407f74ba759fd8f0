import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime, createWorkflowUpdateMessage } from 'triport'
import { attach } from 'triport/http'

const runtime = createRuntime()
const server = createServer()
attach(runtime, { server })
await runtime.start()
server.listen(0)
await once(server, 'listening')
const url = `ws://localhost:${(server.address() as AddressInfo).port}/ws`

// #region follow
/** Follows many rooms over one socket, and goes on where it was when the socket is lost. */
function follow(rooms: readonly string[], hear: (message: { room: string; type: string; data: unknown }) => void) {
  const positions: Record<string, { epoch: string; seq: number }> = {}
  return function connect(): WebSocket {
    const socket = new WebSocket(url)
    socket.onopen = () => {
      for (const room of rooms) socket.send(JSON.stringify({ op: 'subscribe', room, since: positions[room] }))
    }
    socket.onmessage = ({ data }) => {
      const { room, epoch, seq, ...message } = JSON.parse(data)
      if (seq !== undefined) positions[room] = { epoch, seq }
      if (message.id !== undefined || message.type === 'RESET') hear({ room, ...message })
    }
    return socket
  }
}
// #endregion

const heard: string[] = []
const waiting = new Map<string, () => void>()
const connect = follow(['workflow:a', 'workflow:b'], ({ room, data }) => {
  const line = `${room} ${(data as { progress: number }).progress}`
  heard.push(line)
  waiting.get(line)?.()
})
const until = (line: string) => new Promise<void>((resolve) => waiting.set(line, resolve))
const progress = (id: string, percent: number) =>
  runtime.rooms.broadcastToRoom(`workflow:${id}`, createWorkflowUpdateMessage(id, 'running', percent))

await progress('a', 10)
const [first, both] = [connect(), Promise.all([until('workflow:a 10'), until('workflow:b 20')])]
await once(first, 'open')
await progress('b', 20)
await both
first.close()
await once(first, 'close')

await progress('a', 30)
await progress('a', 40)
const missed = until('workflow:a 40')
connect()
await missed
console.log(heard.sort().join(', '))
// prints: workflow:a 10, workflow:a 30, workflow:a 40, workflow:b 20

await runtime.stop()
server.close()
