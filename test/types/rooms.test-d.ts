// Compiled by `npm run check`: each line under @ts-expect-error must be rejected, everything else accepted.
import { z } from 'zod'
import { createWorkflowUpdateMessage } from '../../core/rooms/messages.js'
import { defineRoom } from '../../core/rooms/room-type.js'
import { createRuntime } from '../../drivers/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(proof: Equal<A, B>): void

const lab = defineRoom({
  pattern: 'lab:{id}',
  messages: {
    LOG: z.object({ line: z.string() }),
    CURSOR: { data: z.object({ x: z.string().transform(Number) }), delivery: 'volatile' },
  },
  inbound: { MOVE: z.object({ x: z.string().transform(Number) }), STOP: z.object({}) },
  authorize: ({ params }) => {
    same<typeof params, { readonly id: string }>(true)
    return params.id !== ''
  },
})
const open = defineRoom({ pattern: 'open:{id}' })
const runtime = createRuntime({ roomTypes: [lab, open], onBrokerDown: 'buffer' })

export async function broadcasting(): Promise<void> {
  const room = lab.room({ id: '7' })
  await runtime.rooms.broadcastToRoom(room, { type: 'LOG', data: { line: 'x' } })
  await runtime.rooms.broadcastToRoom(room, { type: 'CURSOR', data: { x: '1' } })
  await runtime.rooms.broadcastToRoom(room, createWorkflowUpdateMessage('7', 'running', 10))
  await runtime.rooms.broadcastToRoom(open.room({ id: '7' }), { type: 'ANYTHING', data: 1 })
  await runtime.rooms.broadcastToRoom('lab:7', { type: 'ANYTHING', data: 1 }, { delivery: 'latest', key: 'a' })

  // @ts-expect-error data of the wrong type
  await runtime.rooms.broadcastToRoom(room, { type: 'LOG', data: { line: 1 } })
  // @ts-expect-error data that lacks something
  await runtime.rooms.broadcastToRoom(room, { type: 'LOG', data: {} })
  // @ts-expect-error an unknown message type
  await runtime.rooms.broadcastToRoom(room, { type: 'LOGS', data: { line: 'x' } })
  // @ts-expect-error the output of the schema where its input is wanted
  await runtime.rooms.broadcastToRoom(room, { type: 'CURSOR', data: { x: 1 } })
  // @ts-expect-error a standard message with data of its own
  await runtime.rooms.broadcastToRoom(room, { type: 'WORKFLOW_UPDATE', data: { done: true } })
  // @ts-expect-error a parameter that is missing
  lab.room({})
  // @ts-expect-error an unknown delivery class
  await runtime.rooms.broadcastToRoom('lab:7', { type: 'X', data: 1 }, { delivery: 'often' })
}

export function handling(): void {
  runtime.rooms.on(lab, (message) => {
    same<typeof message.params, { readonly id: string }>(true)
    if (message.type === 'MOVE') same<typeof message.data, { x: number }>(true)
    // @ts-expect-error a message that clients cannot send
    if (message.type === 'JUMP') return
  })
  runtime.rooms.on(open, ({ data }) => same<typeof data, unknown>(true))
  runtime.rooms.on('lab:{id}', ({ data }) => same<typeof data, unknown>(true))
}

export function configuring(): void {
  // @ts-expect-error an unknown policy
  createRuntime({ onBrokerDown: 'wait' })
  // @ts-expect-error a definition that was not made with defineRoom
  createRuntime({ roomTypes: [{ pattern: 'x' }] })
}
