import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime, createWorkflowUpdateMessage, defineRoom } from 'triport'
import { attach } from 'triport/http'
import { z } from 'zod'

interface User {
  readonly name: string
}

// #region define
const lab = defineRoom({
  pattern: 'lab:{id}',
  messages: {
    LOG: z.object({ line: z.string() }),
    CURSOR: { data: z.object({ x: z.number(), y: z.number() }), history: 'none', delivery: 'volatile' },
  },
  inbound: { MOVE: z.object({ x: z.number(), y: z.number() }) },
  history: { count: 50, ttl: '10m' },
  presence: (user) => ({ name: (user as User).name }),
  authorize: ({ principal, params }) => (principal as User).name !== 'guest' || params.id === 'public',
})

const runtime = createRuntime({
  roomTypes: [lab],
  http: { auth: { authenticate: ({ url }) => userOf(url), authorize: (_user, action) => action.startsWith('room:') } },
})

runtime.rooms.on(lab, async ({ params, data }) => {
  await runtime.rooms.broadcastToRoom(lab.room(params), { type: 'CURSOR', data })
})
// #endregion

function userOf(url: string): User | undefined {
  const name = new URL(url, 'http://localhost').searchParams.get('user')
  return name === null ? undefined : { name }
}

const server = createServer()
attach(runtime, { server })
await runtime.start()
server.listen(0)
await once(server, 'listening')
const { port } = server.address() as AddressInfo

// #region broadcast
await runtime.rooms.broadcastToRoom(lab.room({ id: '7' }), { type: 'LOG', data: { line: 'centrifuge on' } })
await runtime.rooms.broadcastToRoom(lab.room({ id: '7' }), createWorkflowUpdateMessage('7', 'running', 10))
// #endregion

const wrong = { type: 'LOG', data: { text: 'centrifuge on' } }
await runtime.rooms.broadcastToRoom('lab:7', wrong).catch(({ code, message }) => console.log(code, message))
// prints: ERR_MESSAGE_INVALID data of LOG is invalid: line: …

const ada = new WebSocket(`ws://localhost:${port}/ws/lab/7?user=ada&replay=10`)
const cursor = new Promise<void>((resolve) => {
  ada.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'LOG') console.log(message.data.line)
    if (message.type === 'SUBSCRIBED') {
      console.log(message.replayed, message.presence.members[0].info)
      ada.send(JSON.stringify({ type: 'MOVE', data: { x: 1, y: 'two' } }))
      ada.send(JSON.stringify({ type: 'MOVE', data: { x: 1, y: 2 } }))
    }
    if (message.type === 'ERROR') console.log(message.code, message.issues[0].path)
    if (message.type === 'CURSOR') resolve(console.log(message.data))
  }
})
await cursor
// prints: centrifuge on
// prints: 2 { name: 'ada' }
// prints: validation_failed y
// prints: { x: 1, y: 2 }

await runtime.stop()
server.close()
