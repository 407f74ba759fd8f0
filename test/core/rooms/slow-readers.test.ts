import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BroadcastOptions } from '../../../core/rooms/broadcast.js'
import { createWorkflowUpdateMessage } from '../../../core/rooms/messages.js'
import { type Client, settled, startNode, type TestNode } from './node.js'

const limits = { softBuffered: 1_000, maxBuffered: 10_000 }
const kept = { history: { count: 100, ttl: '1h' } } as const

async function slowNode(): Promise<{ node: TestNode; client: Client; send: typeof send }> {
  const node = await startNode({ limits })
  const client = await node.joined({ rooms: ['room'], meta: false })
  client.hold(1_001)
  async function send(data: unknown, options: BroadcastOptions = {}, type = 'TEXT'): Promise<void> {
    await node.rooms.broadcastToRoom('room', { type, data }, { ...kept, ...options })
    await settled()
  }
  return { node, client, send }
}

/** Numbers of messages, and holes as `from-to`. */
function heard(client: Client): unknown[] {
  return client.frames().map(({ data, from, to, reason }) => data ?? `${from}-${to} ${reason}`)
}

async function catchUp(client: Client): Promise<void> {
  client.hold(0)
  client.connection.events.drained()
  await settled()
}

test('reliable messages wait for a slow client', async () => {
  const { client, send } = await slowNode()
  for (const n of [1, 2, 3]) await send(n)
  assert.deepEqual(heard(client), [1, 2, 3])
})

test('of latest messages a slow client gets the newest, after it was told what is missing', async () => {
  const { node, client, send } = await slowNode()
  for (const n of [1, 2, 3]) await send(n, { delivery: 'latest' })
  assert.deepEqual([heard(client), node.rooms.inspect().slow], [[], 1])
  await catchUp(client)
  assert.deepEqual(heard(client), ['1-2 slow', 3])
  await send(4, { delivery: 'latest' })
  assert.deepEqual(heard(client), ['1-2 slow', 3, 4])
  const { coalesced, dropped, slow } = node.rooms.inspect()
  assert.deepEqual({ coalesced, dropped, slow }, { coalesced: 2, dropped: 0, slow: 0 })
})

test('latest messages of different types and keys do not replace each other', async () => {
  const { client, send } = await slowNode()
  await send('a1', { delivery: 'latest', key: 'a' })
  await send('b1', { delivery: 'latest', key: 'b' })
  await send('other', { delivery: 'latest' }, 'OTHER')
  await send('a2', { delivery: 'latest', key: 'a' })
  await catchUp(client)
  assert.deepEqual(heard(client), ['1-1 slow', 'b1', 'other', 'a2'])
})

test('volatile messages are left out for a slow client', async () => {
  const { node, client, send } = await slowNode()
  await send(1, { delivery: 'volatile' })
  await send(2, { delivery: 'volatile', history: 'none' })
  await catchUp(client)
  await send(3)
  assert.deepEqual(heard(client), ['1-1 slow', 3])
  assert.equal(node.rooms.inspect().dropped, 2)
})

test('a reliable message takes along what was kept back before it, so that order stays', async () => {
  const { client, send } = await slowNode()
  await send(1, { delivery: 'latest' })
  await send(2, { delivery: 'latest' })
  await send(3)
  assert.deepEqual(heard(client), ['1-1 slow', 2, 3])
})

test('progress of a workflow is replaced by newer progress, its end is not', async () => {
  const node = await startNode({ limits })
  const client = await node.joined({ rooms: ['workflow:a'], meta: false })
  client.hold(1_001)
  for (const progress of [10, 20, 30]) {
    await node.rooms.broadcastToRoom('workflow:a', createWorkflowUpdateMessage('a', 'running', progress))
  }
  await node.rooms.broadcastToRoom('workflow:a', createWorkflowUpdateMessage('a', 'completed', 100))
  await settled()
  assert.deepEqual(
    client.messages().map(({ data }) => (data as { progress: number }).progress),
    [30, 100],
  )
})

test('a client that is owed too much is closed with 4503, and nobody else notices', async () => {
  const { node, client, send } = await slowNode()
  const quick = await node.joined({ rooms: ['room'], meta: false })
  client.hold(10_001)
  await send(1)
  assert.deepEqual(client.closes, [{ code: 4503, reason: 'slow' }])
  assert.deepEqual([heard(client), heard(quick)], [[], [1]])
  assert.deepEqual([node.rooms.members('room'), node.rooms.inspect().evicted], [1, 1])
})

test('what is kept back counts too, so that many keys do not fill the memory', async () => {
  const { client, send } = await slowNode()
  for (let n = 0; n < 100 && client.closes.length === 0; n++)
    await send('x'.repeat(500), { delivery: 'latest', key: `k${n}` })
  assert.equal(client.closes[0]?.code, 4503)
})

test('what a single turn owes a client counts before it is written', async () => {
  const node = await startNode({ limits })
  const client = await node.joined({ rooms: ['room'], meta: false })
  const big = { type: 'TEXT', data: 'x'.repeat(1_000) }
  await Promise.all(Array.from({ length: 100 }, () => node.rooms.broadcastToRoom('room', big)))
  await settled()
  assert.equal(client.closes[0]?.code, 4503)
})

test('one large message to a client that waits for nothing always passes', async () => {
  const node = await startNode({ limits })
  const client = await node.joined({ rooms: ['room'], meta: false })
  await node.rooms.broadcastToRoom('room', { type: 'TEXT', data: 'x'.repeat(100_000) }, { delivery: 'volatile' })
  await settled()
  assert.equal(client.messages().length, 1)
})

test('a transport that tells of no drain is looked after every second', async () => {
  const { node, client, send } = await slowNode()
  await send(1, { delivery: 'latest' })
  client.hold(0)
  await node.clock.advance(1_000)
  assert.deepEqual(heard(client), [1])
})

test('who leaves a room gets nothing of it afterwards, nor does a closed client hold anything', async () => {
  const { node, client, send } = await slowNode()
  await send(1, { delivery: 'latest' })
  client.connection.leave('room')
  await catchUp(client)
  assert.deepEqual(client.messages(), [])
  const other = await node.joined({ rooms: ['room'], meta: false })
  other.hold(1_001)
  await send(2, { delivery: 'latest' })
  other.vanish()
  assert.equal(node.rooms.inspect().slow, 0)
})

test('a delivery class and a key that are none are refused', async () => {
  const node = await startNode()
  for (const options of [{ delivery: 'sometimes' }, { key: 'a b' }, { key: '' }]) {
    const attempt = node.rooms.broadcastToRoom('room', { type: 'TEXT', data: 1 }, options as BroadcastOptions)
    await assert.rejects(attempt, { code: 'ERR_OPTION_INVALID' })
  }
})
