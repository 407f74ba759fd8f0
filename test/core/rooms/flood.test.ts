import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BroadcastOptions } from '../../../core/rooms/broadcast.js'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { eventually } from '../../kit/eventually.js'
import { type Client, startNode, type TestNode } from './node.js'

const schedule = (fn: () => void) => void setImmediate(fn)
const kept = { history: { count: 5_000, ttl: '1h' } } as const
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const crowd = 1_001

/** A large room on a node, and another node that publishes there. */
async function largeRoom(options: BroadcastOptions) {
  const broker = createMemoryBroker()
  const node = await startNode({ rooms: memoryRooms({ broker }), schedule })
  const other = await startNode({ rooms: memoryRooms({ broker }), schedule })
  const client = await crowded(node, crowd)
  const publish = (data: unknown) => other.rooms.broadcastToRoom('room', { type: 'TEXT', data }, options)
  let most = 0
  /** Publishes in one turn what takes several to hand out, then what follows. */
  async function flood(): Promise<unknown[]> {
    for (const data of numbers(0, 1_100)) {
      await publish(data)
      most = Math.max(most, node.rooms.inspect().waiting)
    }
    await eventually(() => assert.equal(node.rooms.inspect().waiting, 0), { within: 20_000 })
    await publish('fence')
    await eventually(() => assert.equal(client.messages().at(-1)?.data, 'fence'), { within: 20_000 })
    assert.ok(most > 0 && most <= 1_001, `${most} messages waited`)
    assert.deepEqual([client.closes, node.report.reports], [[], []])
    return client.frames().map(({ data, type, reason }) => data ?? `${type} ${reason}`)
  }
  return { node, client, flood }
}

async function crowded(node: TestNode, count: number): Promise<Client> {
  const clients = numbers(0, count).map(() => node.connect({ rooms: ['room'], meta: false, replay: 'none' }))
  await eventually(() => assert.ok(clients.every(({ connection }) => connection.rooms.has('room'))))
  const [client] = clients
  assert.ok(client)
  return client
}

for (const size of [10, crowd]) {
  test(`who publishes in a loop to ${size} clients goes no faster than they are written to, and nobody is cut off`, async () => {
    const node = await startNode({ schedule })
    const client = await crowded(node, size)
    const padding = 'x'.repeat(8_000)
    for (const n of numbers(0, 200)) await node.rooms.broadcastToRoom('room', { type: 'TEXT', data: { n, padding } })
    const together = numbers(200, 400).map((n) =>
      node.rooms.broadcastToRoom('room', { type: 'TEXT', data: { n, padding } }),
    )
    await Promise.all(together)
    await eventually(() => assert.equal(client.messages().length, 400))
    const heard = client.messages().map(({ data }) => (data as { n: number }).n)
    assert.deepEqual([heard, client.closes, node.rooms.inspect().evicted], [numbers(0, 400), [], 0])
  })
}

test('messages with history that come faster than a node can hand them out wait in the log', async () => {
  const { flood, node } = await largeRoom(kept)
  assert.deepEqual(await flood(), [...numbers(0, 1_100), 'fence'])
  assert.equal(node.rooms.inspect().lost, 0)
})

test('what the log does not keep for so long is told with GAP', async () => {
  const { flood } = await largeRoom({ history: { count: 1, ttl: '1h' } })
  const heard = await flood()
  assert.deepEqual(heard.slice(-3), ['GAP trimmed', 1_099, 'fence'])
})

test('messages without history that come faster than a node can hand them out are lost, and the room is told so', async () => {
  const { flood, node } = await largeRoom({ history: 'none' })
  assert.deepEqual(await flood(), [...numbers(0, 1_000), 'RESET overload', 'fence'])
  assert.equal(node.rooms.inspect().lost, 100 * crowd)
})

test('volatile ones are left out without a word', async () => {
  const { flood, node } = await largeRoom({ history: 'none', delivery: 'volatile' })
  assert.deepEqual(await flood(), [...numbers(0, 1_000), 'fence'])
  assert.equal(node.rooms.inspect().dropped, 100 * crowd)
})

test('of latest ones the newest is handed out', async () => {
  const { flood, node } = await largeRoom({ history: 'none', delivery: 'latest' })
  assert.deepEqual((await flood()).slice(-2), [1_099, 'fence'])
  assert.ok(node.rooms.inspect().coalesced >= 100 * crowd)
})
