import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReportDetails } from '../../../core/report.js'
import { createNotificationMessage, createWorkflowUpdateMessage } from '../../../core/rooms/messages.js'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import { settled, startNode } from './node.js'

const progress = (percent: number) => createWorkflowUpdateMessage('abc', 'running', percent)

test('a broadcast reaches the members of its room, with its place in the history', async () => {
  const node = await startNode()
  const inside = await node.joined({ rooms: ['workflow:abc'] })
  const outside = await node.joined({ rooms: ['workflow:other'] })
  const position = await node.rooms.broadcastToRoom('workflow:abc', progress(63))
  await settled()
  const [message] = inside.messages()
  assert.deepEqual(message, {
    type: 'WORKFLOW_UPDATE',
    id: message?.id,
    delivery: 'latest',
    room: 'workflow:abc',
    ts: '2026-01-01T00:00:00.000Z',
    seq: 1,
    epoch: position?.epoch,
    data: { workflow_id: 'abc', status: 'running', progress: 63, data: {} },
  })
  assert.deepEqual(outside.messages(), [])
})

test('WELCOME comes first and says how to live with this server, SUBSCRIBED once the room is live', async () => {
  const node = await startNode()
  const client = await node.joined({ rooms: ['workflow:abc'] })
  const [welcome, subscribed, ...rest] = client.frames()
  assert.equal(welcome?.type, 'WELCOME')
  assert.equal(welcome.connection, client.connection.id)
  assert.equal(welcome.heartbeat, 25_000)
  assert.deepEqual(welcome.limits, { maxPayload: 65_536, maxRooms: 128, rate: 20 })
  assert.equal(subscribed?.type, 'SUBSCRIBED')
  assert.deepEqual([subscribed.room, subscribed.seq, subscribed.replayed], ['workflow:abc', 0, 0])
  assert.deepEqual(rest, [])
  const quiet = await node.joined({ rooms: ['workflow:abc'], meta: false })
  assert.deepEqual(quiet.frames(), [])
})

test('a member that wants certain types gets those only, from the history too', async () => {
  const node = await startNode()
  await node.rooms.broadcastToRoom('room', progress(10))
  await node.rooms.broadcastToRoom('room', createNotificationMessage('info', 'hello'))
  const client = await node.joined({ rooms: ['room'], types: ['WORKFLOW_UPDATE'] })
  await node.rooms.broadcastToRoom('room', createNotificationMessage('info', 'again'))
  await node.rooms.broadcastToRoom('room', progress(20))
  await settled()
  assert.deepEqual(
    client.messages().map(({ type, seq }) => [type, seq]),
    [
      ['WORKFLOW_UPDATE', 1],
      ['WORKFLOW_UPDATE', 4],
    ],
  )
})

test('a broadcast to all reaches every connection of every node, without a room or a position', async () => {
  const broker = createMemoryBroker()
  const [a, b] = [
    await startNode({ rooms: memoryRooms({ broker }) }),
    await startNode({ rooms: memoryRooms({ broker }) }),
  ]
  const clients = [await a.joined(), await a.joined({ rooms: ['x'] }), await b.joined()]
  await b.rooms.broadcastToAll(progress(5))
  await settled()
  for (const client of clients) {
    const [message, ...rest] = client.messages()
    assert.equal(message?.type, 'WORKFLOW_UPDATE')
    assert.deepEqual([message.room, message.seq, rest.length], [undefined, undefined, 0])
  }
})

test('a message to one connection reaches it from any node, and nobody else', async () => {
  const broker = createMemoryBroker()
  const [a, b] = [
    await startNode({ rooms: memoryRooms({ broker }) }),
    await startNode({ rooms: memoryRooms({ broker }) }),
  ]
  const target = await a.joined()
  const other = await a.joined()
  await a.rooms.sendToConnection(target.connection.id, progress(1))
  await b.rooms.sendToConnection(target.connection.id, progress(2))
  await settled()
  assert.deepEqual(
    target.messages().map(({ data }) => (data as { progress: number }).progress),
    [1, 2],
  )
  assert.deepEqual(other.messages(), [])
})

test('everybody and one connection are rooms too, for code that knows only the name of a room', async () => {
  const node = await startNode()
  const [one, other] = [await node.joined(), await node.joined()]
  assert.equal(await node.rooms.broadcastToRoom('@all', progress(1)), undefined)
  await node.rooms.broadcastToRoom(`@connection:${one.connection.id}`, progress(2))
  await settled()
  const heard = (client: typeof one) => client.messages().map(({ data }) => (data as { progress: number }).progress)
  assert.deepEqual([heard(one), heard(other)], [[1, 2], [1]])
  await assert.rejects(node.rooms.broadcastToRoom('@connection:nobody', progress(1)), {
    code: 'ERR_CONNECTION_UNKNOWN',
  })
})

test('a message to a closed connection of this node is refused, as is one to nonsense', async () => {
  const node = await startNode()
  const client = await node.joined()
  client.vanish()
  for (const id of [client.connection.id, 'nonsense', 'a b.1', '']) {
    await assert.rejects(node.rooms.sendToConnection(id, progress(1)), { code: 'ERR_CONNECTION_UNKNOWN' })
  }
})

test('two nodes over one broker deliver the same messages in the same order', async () => {
  const broker = createMemoryBroker()
  const [a, b] = [
    await startNode({ rooms: memoryRooms({ broker }) }),
    await startNode({ rooms: memoryRooms({ broker }) }),
  ]
  const [one, two] = [await a.joined({ rooms: ['room'] }), await b.joined({ rooms: ['room'] })]
  await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? a : b).rooms.broadcastToRoom('room', progress(n))))
  await settled()
  assert.deepEqual(one.messages(), two.messages())
  assert.deepEqual(
    one.messages().map(({ seq }) => seq),
    Array.from({ length: 40 }, (_, n) => n + 1),
  )
})

test('a broadcast with the id of an earlier one is not delivered again', async () => {
  const node = await startNode()
  const client = await node.joined({ rooms: ['room'] })
  const first = await node.rooms.broadcastToRoom('room', progress(1), { id: 'mine' })
  const again = await node.rooms.broadcastToRoom('room', progress(1), { id: 'mine' })
  await settled()
  assert.deepEqual(again, first)
  assert.equal(client.messages().length, 1)
})

test('only messages of types with a history are kept, unless the caller says otherwise', async () => {
  const node = await startNode()
  const custom = { type: 'CURSOR_MOVED', data: { x: 1 } }
  assert.equal(await node.rooms.broadcastToRoom('room', custom), undefined)
  assert.equal(await node.rooms.broadcastToRoom('room', progress(1), { history: 'none' }), undefined)
  assert.equal((await node.rooms.broadcastToRoom('room', custom, { history: { count: 5, ttl: '1m' } }))?.seq, 1)
  assert.equal((await node.rooms.broadcastToRoom('room', custom, { history: 'latest' }))?.seq, 2)
  const client = await node.joined({ rooms: ['room'], replay: 10 })
  assert.deepEqual(
    client.messages().map(({ seq }) => seq),
    [2],
  )
})

test('what cannot be broadcast is refused with a code and reaches nobody', async () => {
  const node = await startNode()
  const client = await node.joined({ rooms: ['room'] })
  const refused = (room: string, message: unknown, code: string, options = {}) =>
    assert.rejects(node.rooms.broadcastToRoom(room, message as never, options), { code })
  for (const room of ['', 'a b', '@some', 'ü', 'x'.repeat(256)]) await refused(room, progress(1), 'ERR_ROOM_INVALID')
  for (const none of [undefined, null, 42, {}]) await refused(none as never, progress(1), 'ERR_ROOM_INVALID')
  for (const type of ['', 'WELCOME', 'a"b', undefined, 7])
    await refused('room', { type, data: 1 }, 'ERR_MESSAGE_INVALID')
  await refused('room', undefined, 'ERR_MESSAGE_INVALID')
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  for (const data of [cycle, 1n, () => 1, Number.NaN, new Map(), { deep: [new Set()] }]) {
    await refused('room', { type: 'X', data }, 'ERR_MESSAGE_INVALID')
  }
  await refused('room', { type: 'X', data: 'é'.repeat(600_000) }, 'ERR_MESSAGE_TOO_LARGE')
  await refused('room', progress(1), 'ERR_OPTION_INVALID', { id: 'x'.repeat(129) })
  await refused('room', progress(1), 'ERR_OPTION_INVALID', { history: { count: 0, ttl: '1m' } })
  await refused('room', progress(1), 'ERR_OPTION_INVALID', { history: 'all' as never })
  await refused('room', progress(1), 'ERR_OPTION_INVALID', { histroy: 'none' } as never)
  await refused('room', progress(1), 'ERR_UNSUPPORTED', { tx: {} })
  await settled()
  assert.deepEqual(client.messages(), [])
})

test('a broadcast is a producer span whose context travels in the message', async () => {
  const tracer = memoryTracer()
  await tracer.start?.(driverContext())
  const node = await startNode({ tracer })
  const client = await node.joined({ rooms: ['workflow:abc'] })
  const outer = tracer.startSpan('outer')
  await tracer.withSpan(outer, () => node.rooms.broadcastToRoom('workflow:abc', progress(1)))
  outer.end()
  await settled()
  const span = tracer.finished.find(({ name }) => name === 'broadcast workflow:{id}')
  assert.ok(span)
  assert.equal(span.kind, 'producer')
  assert.equal(span.attributes['messaging.destination.template'], 'workflow:{id}')
  assert.equal(span.attributes['messaging.operation.type'], 'send')
  assert.equal(span.attributes['triport.room.recipients'], 1)
  assert.ok(!JSON.stringify(span.attributes).includes('abc'), 'the name of the room stays out of traces')
  const [message] = client.messages()
  assert.ok(message?.traceparent?.includes(outer.context()?.traceId ?? '-'))
  await tracer.stop?.()
})

test('another node delivers in a span below the broadcast, its own node in none, nor one where nobody listens', async () => {
  const tracer = memoryTracer()
  await tracer.start?.(driverContext())
  const broker = createMemoryBroker()
  const [here, there, empty] = [
    await startNode({ rooms: memoryRooms({ broker }), tracer }),
    await startNode({ rooms: memoryRooms({ broker }), tracer }),
    await startNode({ rooms: memoryRooms({ broker }), tracer }),
  ]
  await here.joined({ rooms: ['workflow:secret'] })
  const client = await there.joined({ rooms: ['workflow:secret'] })
  await there.joined({ rooms: ['workflow:secret'] })
  assert.equal(empty.rooms.connections(), 0)
  await here.rooms.broadcastToRoom('workflow:secret', progress(1))
  await here.rooms.broadcastToAll(progress(2))
  await here.rooms.sendToConnection(client.connection.id, progress(3))
  await here.rooms.broadcastToRoom(
    'workflow:secret',
    { type: 'LOOK', data: { a: ',"traceparent":"x"}' } },
    { history: 'none' },
  )
  await settled()
  assert.equal(client.messages().length, 4)
  const named = (start: string) => tracer.finished.filter(({ name }) => name.startsWith(start))
  const templates = ['workflow:{id}', '@all', '@connection:{id}', 'workflow:{id}']
  assert.deepEqual(
    named('broadcast ').map(({ name }) => name),
    templates.map((name) => `broadcast ${name}`),
  )
  assert.deepEqual(
    named('deliver ').map(({ name }) => name),
    templates.map((name) => `deliver ${name}`),
  )
  for (const [index, span] of named('deliver ').entries()) {
    const cause = named('broadcast ')[index]
    assert.deepEqual([span.kind, span.parentSpanId, span.traceId], ['consumer', cause?.spanId, cause?.traceId])
    assert.deepEqual(
      span.links.map(({ context }) => context.spanId),
      [cause?.spanId],
    )
    assert.equal(span.attributes['messaging.operation.type'], 'process')
    assert.equal(span.attributes['triport.room.recipients'], index === 2 ? 1 : 2)
  }
  assert.ok(!JSON.stringify(named('deliver ')).includes('secret'), 'the name of the room stays out of traces')
  await tracer.stop?.()
})

test('counts return to 0 and the broker is left when everybody has gone', async () => {
  const driver = memoryRooms()
  const left: string[] = []
  const unsubscribe = driver.unsubscribe.bind(driver)
  driver.unsubscribe = async (rooms) => {
    left.push(...rooms)
    await unsubscribe(rooms)
  }
  const node = await startNode({ rooms: driver })
  const clients = await Promise.all([1, 2, 3].map(() => node.joined({ rooms: ['a', 'b'] })))
  assert.deepEqual([node.rooms.connections(), node.rooms.members('a'), node.rooms.rooms()], [3, 3, ['a', 'b']])
  for (const client of clients) client.vanish()
  assert.deepEqual([node.rooms.connections(), node.rooms.members('a'), node.rooms.rooms()], [0, 0, []])
  await node.clock.advance(4_000)
  assert.deepEqual(left, [], 'rooms linger, for those who come back at once')
  await node.clock.advance(4_000)
  assert.deepEqual(left.toSorted(), ['@all', `@node:${clients[0]?.connection.id.split('.')[0]}`, 'a', 'b'])
})

test('a room that is rejoined while it lingers is not given up', async () => {
  const node = await startNode()
  const first = await node.joined({ rooms: ['room'] })
  first.vanish()
  await node.clock.advance(3_000)
  const second = await node.joined({ rooms: ['room'] })
  await node.clock.advance(10_000)
  await node.rooms.broadcastToRoom('room', progress(1))
  await settled()
  assert.equal(second.messages().length, 1)
})

test('leaving and joining by hand: what is said in between is history', async () => {
  const node = await startNode()
  const client = await node.joined()
  await client.connection.join('room')
  await node.rooms.broadcastToRoom('room', progress(1))
  await settled()
  client.connection.leave('room')
  await node.rooms.broadcastToRoom('room', progress(2))
  await settled()
  assert.deepEqual([...client.connection.rooms], [])
  await Promise.all([client.connection.join('room'), client.connection.join('room')])
  await settled()
  assert.deepEqual([...client.connection.rooms], ['room'])
  assert.deepEqual(
    client.messages().map(({ seq }) => seq),
    [1, 2],
  )
})

test('a connection may not be in more rooms than allowed, nor in one with a bad name', async () => {
  const node = await startNode({ limits: { maxRoomsPerConnection: 2 } })
  const client = await node.joined({ rooms: ['a', 'b'] })
  await assert.rejects(client.connection.join('c'), { code: 'ERR_ROOM_LIMIT' })
  await assert.rejects(client.connection.join('not a room'), { code: 'ERR_ROOM_INVALID' })
  client.connection.leave('a')
  await client.connection.join('c')
  client.vanish()
  await assert.rejects(client.connection.join('d'), { code: 'ERR_CONNECTION_UNKNOWN' })
})

test('a connection that cannot be served is told why and closed', async () => {
  const node = await startNode({ limits: { maxConnections: 2 } })
  const first = await node.joined()
  const malformed = await node.joined({ rooms: ['not a room'] })
  assert.equal(malformed.last().code, 'room_invalid')
  assert.equal(malformed.closes[0]?.code, 4400)
  await node.joined()
  const third = await node.joined()
  assert.equal(third.closes[0]?.code, 1013)
  assert.equal(node.rooms.connections(), 2)
  assert.ok(first.socket.open)
})

test('when the broker is away, connections are closed so that they come back, and nothing is left behind', async () => {
  const driver = memoryRooms()
  driver.subscribe = async () => {
    throw Object.assign(new Error('secret host'), { code: 'X' })
  }
  const node = await startNode({ rooms: driver })
  const client = await node.joined({ rooms: ['room'] })
  assert.equal(client.last().type, 'ERROR')
  assert.ok(!JSON.stringify(client.frames()).includes('secret'))
  assert.equal(client.closes.length, 1)
  assert.deepEqual([node.rooms.connections(), node.rooms.rooms()], [0, []])
  assert.deepEqual(
    node.report.reports.map(({ details }: { details: ReportDetails }) => details.stage),
    ['rooms.connect'],
  )
})

test('before start() a connection is asked to come back, and a broadcast says why it cannot be', async () => {
  const node = await startNode({ started: false })
  await assert.rejects(node.rooms.broadcastToRoom('room', progress(1)), { code: 'ERR_NOT_STARTED' })
  const client = await node.joined()
  assert.deepEqual([client.last().code, client.last().retryable], ['broker_unavailable', true])
  assert.equal(client.closes[0]?.code, 1013)
  await node.stop()
})

test('disconnect closes with the code given, after what was sent before', async () => {
  const node = await startNode()
  const client = await node.joined()
  client.connection.send(progress(1))
  node.rooms.disconnect(client.connection.id, 4403, 'ä'.repeat(100))
  assert.equal(client.messages().length, 1)
  assert.equal(client.closes[0]?.code, 4403)
  assert.equal(client.closes[0]?.reason, 'ä'.repeat(61), 'a reason has at most 123 bytes')
  node.rooms.disconnect(client.connection.id)
  node.rooms.disconnect('unknown.1')
  assert.equal(client.closes.length, 1)
  const other = await node.joined()
  assert.throws(() => node.rooms.disconnect(other.connection.id, 1006), { code: 'ERR_OPTION_INVALID' })
})

test('stop asks every client to come back elsewhere, in batches, and waits for them', async () => {
  const node = await startNode({ limits: { maxConnections: 5_000 } })
  const clients = Array.from({ length: 2_500 }, () => node.connect({ meta: false }))
  await settled()
  const stopped = node.stop()
  const closed = () => clients.filter(({ closes }) => closes.length > 0).length
  await settled()
  assert.equal(closed(), 1_000)
  await node.clock.advance(100)
  assert.equal(closed(), 2_000)
  await node.clock.advance(100)
  await stopped
  assert.equal(closed(), 2_500)
  assert.equal(clients[0]?.closes[0]?.code, 1012)
  assert.deepEqual(JSON.parse(clients[0]?.closes[0]?.reason ?? ''), { retry: [500, 5000] })
  assert.equal(node.rooms.connections(), 0)
  assert.equal(node.clock.timers, 0)
  const late = await node.joined()
  assert.equal(late.closes[0]?.code, 1012)
})

test('stop ends clients that do not answer the closing handshake', async () => {
  const node = await startNode()
  const client = await node.joined({ rooms: ['room'] })
  client.die()
  const stopped = node.stop()
  await node.clock.advance(1_000)
  await stopped
  assert.ok(client.terminated)
  assert.equal(node.clock.timers, 0)
})
