import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { createFakeClock } from '../../kit/clock.js'
import { gate } from '../../kit/spy.js'
import { settled, startNode, type TestNodeOptions } from './node.js'

const cursor = (data: unknown) => ({ type: 'CURSOR', data })
const rooms = { rooms: ['room'], meta: false } as const

/** Two nodes, a client of each, and a broker that can be cut off. */
async function twoNodes(options: TestNodeOptions = {}) {
  const broker = createMemoryBroker()
  const fakeClock = createFakeClock()
  const driver = memoryRooms({ broker })
  const a = await startNode({ rooms: driver, fakeClock, ...options })
  const b = await startNode({ rooms: memoryRooms({ broker }), fakeClock })
  const [here, there] = [await a.joined(rooms), await b.joined(rooms)]
  const heard = () => [here, there].map((client) => client.messages().map(({ data }) => data))
  return { broker, driver, a, here, there, heard }
}

test('a message that is not kept waits for no broker on its own node, and comes once everywhere', async () => {
  const inner = memoryRooms()
  const open = gate()
  const node = await startNode({
    rooms: {
      ...inner,
      async publish(messages, options) {
        await open.promise
        return await inner.publish(messages, options)
      },
    },
  })
  const client = await node.joined(rooms)
  const published = node.rooms.broadcastToRoom('room', cursor(1))
  const toAll = node.rooms.broadcastToAll(cursor(2))
  await settled()
  const heard = () => client.messages().map(({ data }) => data)
  assert.deepEqual(heard(), [1, 2])
  open.open()
  assert.equal(await published, undefined)
  await toAll
  await settled()
  assert.deepEqual(heard(), [1, 2])
})

test('other nodes get it as it was sent', async () => {
  const { a, here, there, heard } = await twoNodes()
  await a.rooms.broadcastToRoom('room', cursor(1))
  await a.rooms.broadcastToAll(cursor(2))
  await settled()
  assert.deepEqual(heard(), [
    [1, 2],
    [1, 2],
  ])
  assert.deepEqual(here.frames(), there.frames())
})

test('it reaches the clients of its node while the broker is away, and says so; its publisher hears that others lack it', async () => {
  const { a, broker, driver, here, heard } = await twoNodes()
  const heal = broker.interrupt(driver)
  await assert.rejects(a.rooms.broadcastToRoom('room', cursor(1)), { code: 'ERR_BROKER_UNAVAILABLE' })
  assert.deepEqual([heard(), here.last().degraded], [[[1], []], true])
  heal()
  await a.rooms.broadcastToRoom('room', cursor(2))
  await settled()
  assert.deepEqual([heard(), here.last().degraded], [[[1, 2], [2]], undefined])
})

for (const onBrokerDown of ['local', 'buffer'] as const) {
  test(`${onBrokerDown}: it comes once all the same`, async () => {
    const { a, broker, driver, heard } = await twoNodes({ onBrokerDown })
    const heal = broker.interrupt(driver)
    const published = a.rooms.broadcastToRoom('room', cursor(1))
    await settled()
    assert.deepEqual(heard(), [[1], []])
    heal()
    await published
    await settled()
    assert.deepEqual(heard(), [[1], onBrokerDown === 'buffer' ? [1] : []])
  })
}
