import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoomsDriver } from '../../../core/ports/rooms.js'
import type { HubOptions } from '../../../core/rooms/hub.js'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { createFakeClock } from '../../kit/clock.js'
import { gate } from '../../kit/spy.js'
import { type Client, settled, startNode } from './node.js'

const text = (data: unknown) => ({ type: 'TEXT', data })
const kept = { history: { count: 100, ttl: '1h' } } as const

/** Two nodes over one broker and one clock; `b` has a client in the room. */
async function twoNodes(options: Partial<HubOptions> = {}) {
  const broker = createMemoryBroker()
  const fakeClock = createFakeClock()
  const [ofA, ofB] = [memoryRooms({ broker }), memoryRooms({ broker })]
  const a = await startNode({ rooms: ofA, fakeClock, ...options })
  const b = await startNode({ rooms: ofB, fakeClock, ...options })
  const client = await b.joined({ rooms: ['room'], meta: false })
  const publish = (data: unknown, how: object = kept) => a.rooms.broadcastToRoom('room', text(data), how)
  return { broker, clock: fakeClock, a, b, client, publish, cutB: () => broker.interrupt(ofB) }
}

/** Numbers of messages, and what else came. */
function heard(client: Client): unknown[] {
  return client.frames().map(({ type, data, state }) => data ?? state ?? type)
}

test('what was published while a node was cut off is delivered when it is back', async () => {
  const { client, clock, publish, cutB } = await twoNodes()
  await publish(1)
  const heal = cutB()
  await publish(2)
  await publish(3)
  await clock.advance(1_000)
  assert.deepEqual(heard(client), [1])
  heal()
  await clock.advance(500)
  assert.deepEqual(heard(client), [1, 2, 3])
})

test('messages that come right after the link is back wait for those that were missed', async () => {
  const { client, publish, cutB } = await twoNodes()
  await publish(1)
  const heal = cutB()
  await publish(2)
  heal()
  await publish(3)
  await settled()
  assert.deepEqual(heard(client), [1, 2, 3])
})

test('members and the report hear of it after five seconds, members when it is over, and not at all of a shorter one', async () => {
  const { client, clock, b, cutB } = await twoNodes()
  const blip = cutB()
  await clock.advance(4_000)
  assert.equal(b.rooms.inspect().broker, 'degraded')
  blip()
  await clock.advance(2_000)
  assert.deepEqual(heard(client), [])
  const heal = cutB()
  await clock.advance(6_000)
  assert.deepEqual([heard(client), b.rooms.inspect().broker], [['degraded'], 'down'])
  assert.deepEqual(b.report.stages(), ['rooms.broker'])
  heal()
  await clock.advance(500)
  assert.deepEqual([heard(client), b.rooms.inspect().broker], [['degraded', 'ok'], 'up'])
  assert.deepEqual(client.closes, [])
})

test('a connection that comes meanwhile is told at once', async () => {
  const { clock, b, cutB } = await twoNodes()
  cutB()
  await clock.advance(6_000)
  const late = await b.joined()
  assert.deepEqual(late.last().state, 'degraded')
})

test('a message that was lost without a word is found by the next look at the heads', async () => {
  const { client, clock, publish, b } = await twoNodes()
  await publish(1)
  await settled()
  const deaf = b.deafen()
  await publish(2)
  deaf()
  await clock.advance(25_000)
  assert.deepEqual(heard(client), [1])
  await clock.advance(45_000)
  assert.deepEqual(heard(client), [1, 2])
})

test('a log that lost its end is told with RESET, and what took its place is delivered', async () => {
  const { broker, client, clock, publish } = await twoNodes()
  for (const n of [1, 2, 3]) await publish(n)
  broker.lose('room', 2)
  await publish(4)
  await publish(5)
  await clock.advance(500)
  assert.deepEqual(heard(client), [1, 2, 3, 'RESET', 1, 4, 5])
})

test('who joins with a message that its node has missed hears what took the place of that message', async () => {
  const { broker, b, client, clock, publish } = await twoNodes()
  const deaf = b.deafen()
  await publish(1)
  deaf()
  const late = await b.joined({ rooms: ['room'], meta: false })
  broker.lose('room', 1)
  await publish(2)
  await clock.advance(500)
  assert.deepEqual(
    [heard(client), heard(late)].map((each) => each.filter((data) => data !== 'RESET')),
    [
      [1, 2],
      [1, 2],
    ],
  )
})

/** A node with somebody in the room, whose reads are answered when the gate opens. */
async function slowReader() {
  const broker = createMemoryBroker()
  const inner = memoryRooms({ broker })
  const answers = gate()
  const read: RoomsDriver['read'] = async (room, range) => {
    const page = await inner.read(room, range)
    await answers.promise
    return page
  }
  const node = await startNode({ rooms: { ...inner, read } })
  await node.joined({ rooms: ['room'], replay: 'none' })
  const publish = (data: unknown) => node.rooms.broadcastToRoom('room', text(data), kept)
  return { broker, node, answers, publish }
}

test('a history that was read before its end was lost is read again', async () => {
  const { broker, node, answers, publish } = await slowReader()
  const deaf = node.deafen()
  await publish(1)
  deaf()
  const late = await node.joined({ rooms: ['room'], meta: false })
  broker.lose('room', 1)
  answers.open()
  await settled()
  await publish(2)
  await node.clock.advance(500)
  assert.deepEqual(heard(late), [2])
})

test('who joins with a new log is not told of another that was lost before it', async () => {
  const { broker, node, answers, publish } = await slowReader()
  broker.lose('room')
  await publish(1)
  await settled()
  broker.lose('room')
  const late = await node.joined({ rooms: ['room'], meta: false })
  answers.open()
  await settled()
  await publish(2)
  await settled()
  assert.deepEqual(heard(late), [2])
})

test('a room that has much to catch up with can be joined', async () => {
  const { b, publish } = await twoNodes()
  const long = { history: { count: 2_000, ttl: '1h' } } as const
  const deaf = b.deafen()
  for (let n = 1; n <= 1_500; n++) await publish(n, long)
  deaf()
  const late = await b.joined({ rooms: ['room'], meta: false })
  await settled()
  await publish('next', long)
  await settled()
  assert.deepEqual(heard(late), [1_500, 'next'])
})

test('a log that was lost whole begins a new epoch', async () => {
  const { broker, client, publish } = await twoNodes()
  await publish(1)
  broker.lose('room')
  await publish(2)
  await settled()
  assert.deepEqual(heard(client), [1, 'RESET', 2])
})

test('reject: the publisher hears of it at once and may try again', async () => {
  const { broker, publish } = await twoNodes()
  broker.interrupt()
  await assert.rejects(publish(1), { code: 'ERR_BROKER_UNAVAILABLE', retryable: true })
})

test('buffer: messages wait and are published in order when the broker is back', async () => {
  const { broker, clock, client, a, publish } = await twoNodes({ onBrokerDown: 'buffer' })
  const heal = broker.interrupt()
  const published = [publish(1), publish(2)]
  await settled()
  published.push(publish(3))
  await settled()
  assert.equal(a.rooms.inspect().buffered, 3)
  heal()
  assert.deepEqual(
    (await Promise.all(published)).map((position) => position?.seq),
    [1, 2, 3],
  )
  await clock.advance(500)
  assert.deepEqual([heard(client), a.rooms.inspect().buffered], [[1, 2, 3], 0])
})

test('a driver may forget an id unless a caller gave it, or what failed goes again', async () => {
  for (const [onBrokerDown, expected] of [
    ['reject', [true, false]],
    ['local', [true, false]],
    ['buffer', [false, false]],
  ] as const) {
    const inner = memoryRooms()
    const fresh: unknown[] = []
    const publish: RoomsDriver['publish'] = (messages, options) => {
      fresh.push(...messages.map((message) => message.fresh))
      return inner.publish(messages, options)
    }
    const { rooms } = await startNode({ rooms: { ...inner, publish }, onBrokerDown })
    await rooms.broadcastToRoom('room', text(1), kept)
    await rooms.broadcastToRoom('room', text(2), { ...kept, id: 'mine' })
    assert.deepEqual(fresh, expected, onBrokerDown)
  }
})

test('buffer: what does not fit is rejected, and a stop rejects what waits', async () => {
  const { broker, a, publish } = await twoNodes({ onBrokerDown: 'buffer' })
  broker.interrupt()
  const waiting: Promise<unknown>[] = []
  for (let n = 0; n < 1_000; n++) waiting.push(publish(n))
  const outcomes = Promise.allSettled(waiting)
  await settled()
  await assert.rejects(publish('one too many'), { code: 'ERR_BROKER_UNAVAILABLE' })
  await a.stop()
  assert.ok((await outcomes).every(({ status }) => status === 'rejected'))
})

test('buffer: a driver that never tells that it is back is tried every second', async () => {
  const broker = createMemoryBroker()
  const inner = memoryRooms({ broker })
  const node = await startNode({
    rooms: { ...inner, listen: (listener) => inner.listen({ ...listener, state() {} }) },
    onBrokerDown: 'buffer',
  })
  const heal = broker.interrupt(inner)
  const published = node.rooms.broadcastToRoom('room', text(1), kept)
  await settled()
  heal()
  await node.clock.advance(1_000)
  assert.equal((await published)?.seq, 1)
})

test('local: messages reach the clients of this process, marked and without a position', async () => {
  const { broker, b, client } = await twoNodes({ onBrokerDown: 'local' })
  broker.interrupt()
  assert.equal(await b.rooms.broadcastToRoom('room', text(1), kept), undefined)
  await b.rooms.broadcastToAll(text(2))
  await settled()
  assert.deepEqual(
    client.frames().map(({ data, seq, degraded }) => [data, seq, degraded]),
    [
      [1, undefined, true],
      [2, undefined, true],
    ],
  )
  await assert.rejects(b.rooms.sendToConnection('elsewhere.1', text(3)), { code: 'ERR_BROKER_UNAVAILABLE' })
})
