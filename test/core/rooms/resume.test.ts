import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Position } from '../../../core/ports/rooms.js'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { type Client, startNode, type TestNode } from './node.js'

const numbered = (n: number) => ({ type: 'TEXT', data: n })
const kept = { history: { count: 1_000, ttl: '1h' } } as const

async function publish(node: TestNode, from: number, to: number, options: object = kept): Promise<Position> {
  let last: Position | undefined
  for (let n = from; n <= to; n++) last = await node.rooms.broadcastToRoom('room', numbered(n), options)
  assert.ok(last)
  return last
}

/** What a client heard of the room: numbers of messages, and the types of frames. */
function heard(client: Client): unknown[] {
  return client.frames().flatMap(({ type, data, room }) => (room === 'room' ? [data ?? type] : []))
}

function subscribed(client: Client) {
  const frame = client.frames().find(({ type }) => type === 'SUBSCRIBED')
  assert.ok(frame, 'not subscribed')
  return { recovered: frame.recovered, replayed: frame.replayed, epoch: String(frame.epoch), seq: Number(frame.seq) }
}

test('a client that comes back gets everything that it missed, once, and is told that nothing is missing', async () => {
  const node = await startNode()
  const since = await publish(node, 1, 3)
  await publish(node, 4, 6)
  const client = await node.joined({ rooms: ['room'], since })
  assert.deepEqual(heard(client), [4, 5, 6, 'SUBSCRIBED'])
  assert.deepEqual(subscribed(client), { recovered: true, replayed: 3, epoch: since.epoch, seq: 6 })
})

test('a position works on every node and as often as one likes', async () => {
  const broker = createMemoryBroker()
  const nodes = [
    await startNode({ rooms: memoryRooms({ broker }) }),
    await startNode({ rooms: memoryRooms({ broker }) }),
  ] as const
  const since = await publish(nodes[0], 1, 1)
  await publish(nodes[0], 2, 3)
  for (const node of [nodes[1], nodes[0], nodes[1]]) {
    const client = await node.joined({ rooms: ['room'], since })
    assert.deepEqual([heard(client), subscribed(client).recovered], [[2, 3, 'SUBSCRIBED'], true])
  }
})

test('SUBSCRIBED hands out a position, also of an empty room, from which one can resume', async () => {
  const node = await startNode()
  const { epoch, seq } = subscribed(await node.joined({ rooms: ['room'] }))
  await publish(node, 1, 2)
  const client = await node.joined({ rooms: ['room'], since: { epoch, seq } })
  assert.deepEqual([heard(client), subscribed(client).recovered], [[1, 2, 'SUBSCRIBED'], true])
})

test('one that missed nothing is recovered, without a message', async () => {
  const node = await startNode()
  const since = await publish(node, 1, 2)
  const client = await node.joined({ rooms: ['room'], since })
  assert.deepEqual([heard(client), subscribed(client).recovered], [['SUBSCRIBED'], true])
})

test('what is no longer kept is told with RESET, and the newest message comes instead of a part', async () => {
  const node = await startNode()
  const since = await publish(node, 1, 2, { history: { count: 3, ttl: '1h' } })
  await publish(node, 3, 6, { history: { count: 3, ttl: '1h' } })
  const client = await node.joined({ rooms: ['room'], since })
  assert.deepEqual([heard(client), subscribed(client).recovered], [['RESET', 6, 'SUBSCRIBED'], false])
  const reset = client.frames().find(({ type }) => type === 'RESET')
  assert.deepEqual([reset?.reason, reset?.seq], ['trimmed', 6])
})

test('up to 300 messages are caught up with, 301 are too many', async () => {
  const node = await startNode()
  const since = await publish(node, 1, 1)
  await publish(node, 2, 301)
  assert.equal(subscribed(await node.joined({ rooms: ['room'], since })).replayed, 300)
  await publish(node, 302, 302)
  const client = await node.joined({ rooms: ['room'], since })
  assert.deepEqual([heard(client), subscribed(client).recovered], [['RESET', 302, 'SUBSCRIBED'], false])
})

test('positions of another log, or ahead of it, recover nothing', async () => {
  const node = await startNode()
  const { epoch } = await publish(node, 1, 2)
  for (const since of [
    { epoch: 'other', seq: 1 },
    { epoch, seq: 3 },
  ]) {
    const client = await node.joined({ rooms: ['room'], since })
    assert.deepEqual([heard(client), subscribed(client).recovered], [['RESET', 2, 'SUBSCRIBED'], false])
    assert.equal(client.frames().find(({ type }) => type === 'RESET')?.reason, 'epoch')
  }
})

test('certain types can be resumed too', async () => {
  const node = await startNode()
  const since = await publish(node, 1, 1)
  await node.rooms.broadcastToRoom('room', { type: 'OTHER', data: 'x' }, kept)
  await publish(node, 2, 2)
  const client = await node.joined({ rooms: ['room'], since, types: ['TEXT'] })
  assert.deepEqual([heard(client), subscribed(client).recovered], [[2, 'SUBSCRIBED'], true])
})
