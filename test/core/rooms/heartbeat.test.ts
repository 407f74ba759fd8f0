import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled, startNode } from './node.js'

test('a thousand connections share one timer, and every one is pinged once per interval', async () => {
  const node = await startNode()
  const clients = Array.from({ length: 1_000 }, () => node.connect())
  await settled()
  assert.equal(node.clock.timers, 1)
  await node.clock.advance(25_000)
  assert.ok(clients.every(({ pings }) => pings === 1))
  await node.clock.advance(25_000)
  assert.ok(clients.every(({ pings }) => pings === 2))
  assert.equal(node.rooms.connections(), 1_000)
  assert.equal(node.clock.timers, 1)
})

test('pings are spread over the interval', async () => {
  const node = await startNode()
  const clients = Array.from({ length: 1_000 }, () => node.connect())
  await node.clock.advance(1_000)
  assert.equal(clients.filter(({ pings }) => pings > 0).length, 40)
})

test('a dead connection is evicted within two intervals, and those alive stay', async () => {
  const node = await startNode()
  const clients = Array.from({ length: 1_000 }, () => node.connect({ rooms: ['room'] }))
  await node.clock.advance(30_000)
  const dead = clients.filter((_, index) => index % 3 === 0)
  for (const client of dead) client.die()
  await node.clock.advance(50_000)
  assert.ok(dead.every(({ terminated }) => terminated))
  assert.equal(node.rooms.connections(), 1_000 - dead.length)
  assert.equal(node.rooms.members('room'), 1_000 - dead.length)
})

test('any inbound frame is a sign of life', async () => {
  const node = await startNode()
  const client = await node.joined()
  client.die()
  for (let n = 0; n < 10; n++) {
    await node.clock.advance(20_000)
    await client.send({ op: 'ping' })
  }
  assert.ok(!client.terminated)
})

test('a client that asked for it gets a PING in JSON with each heartbeat', async () => {
  const node = await startNode()
  const [asked, silent] = [await node.joined({ heartbeat: true, meta: false }), await node.joined({ meta: false })]
  await node.clock.advance(50_000)
  assert.deepEqual(
    asked.frames().map(({ type }) => type),
    ['PING', 'PING'],
  )
  assert.deepEqual(silent.frames(), [])
})
