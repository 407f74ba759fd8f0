import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Connection } from '../../../core/rooms/connection.js'
import type { InboundMessage } from '../../../core/rooms/inbound.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import { gate, spy } from '../../kit/spy.js'
import { settled, startNode } from './node.js'

const granted = { rooms: ['workflow:abc'], authorize: () => true }
const publish = (changes = {}) => ({ op: 'publish', room: 'workflow:abc', type: 'CHAT', data: 'hi', ...changes })

test('both spellings of a ping are answered with a PONG', async () => {
  const node = await startNode()
  const client = await node.joined({ meta: false })
  await client.send({ op: 'ping', ts: 7, ref: 'r' })
  await client.send('{"type":"PING"}')
  assert.deepEqual(client.frames(), [{ type: 'PONG', ts: 7, ref: 'r' }, { type: 'PONG' }])
})

test('an unknown op is answered and the connection stays', async () => {
  const node = await startNode()
  const client = await node.joined({ meta: false })
  for (let n = 0; n < 10; n++) await client.send({ op: 'teleport', ref: 'r' })
  assert.deepEqual([client.last().type, client.last().code, client.last().ref], ['ERROR', 'unknown_op', 'r'])
  assert.ok(client.socket.open)
})

test('malformed messages are answered, and the third ends the connection with 4400', async () => {
  const node = await startNode()
  const client = await node.joined({ meta: false })
  for (const text of ['', '{', '[]']) {
    assert.ok(client.socket.open)
    await client.send(text)
    assert.equal(client.last().code, 'bad_request')
  }
  assert.equal(client.closes[0]?.code, 4400)
  assert.equal(node.rooms.connections(), 0)
})

test('an oversized message ends the connection with 1009', async () => {
  const node = await startNode({ limits: { maxPayload: 100 } })
  const client = await node.joined({ meta: false })
  await client.send(publish({ data: 'x'.repeat(100) }))
  assert.equal(client.last().code, 'payload_too_large')
  assert.equal(client.closes[0]?.code, 1009)
})

test('sixty messages at once are fine, more are refused, and a flood ends the connection with 4429', async () => {
  const node = await startNode()
  const client = await node.joined({ meta: false })
  for (let n = 0; n < 60; n++) client.connection.events.message('{"op":"ping"}')
  await settled()
  assert.ok(client.frames().every(({ type }) => type === 'PONG'))
  await client.send({ op: 'ping' })
  assert.deepEqual([client.last().code, client.last().retryAfter], ['rate_limited', 50])
  await node.clock.advance(50)
  await client.send({ op: 'ping' })
  assert.equal(client.last().type, 'PONG')
  await client.send({ op: 'ping' })
  await client.send({ op: 'ping' })
  assert.equal(client.closes[0]?.code, 4429)
})

test('clients may not publish unless they are granted to', async () => {
  const node = await startNode()
  const handler = spy<[InboundMessage, Connection]>()
  node.rooms.on('*', handler)
  for (const authorize of [undefined, () => false, async () => false]) {
    const client = await node.joined({ rooms: ['workflow:abc'], ...(authorize && { authorize }) })
    await client.send(publish({ ref: '1' }))
    assert.deepEqual([client.last().code, client.last().ref], ['forbidden', '1'])
  }
  assert.equal(handler.calls.length, 0)
})

test('a granted message reaches the handlers of its room, and is acknowledged when they are done', async () => {
  const node = await startNode()
  const [workflows, everything, others] = [spy<[InboundMessage, Connection]>(), spy(), spy()]
  const off = node.rooms.on('workflow:{id}', workflows)
  node.rooms.on('*', everything)
  node.rooms.on('network:{id}', others)
  const asked: unknown[][] = []
  const authorize = (...question: unknown[]) => asked.push(question) > 0
  const client = await node.joined({ rooms: ['workflow:abc'], meta: false, authorize })
  await client.send(publish({ id: 'm1', ref: '1' }))
  const [message, connection] = workflows.calls[0] ?? []
  assert.deepEqual(message, { room: 'workflow:abc', type: 'CHAT', data: 'hi', params: { id: 'abc' }, id: 'm1' })
  assert.equal(connection, client.connection)
  assert.deepEqual(asked, [['room:publish', 'workflow:abc', undefined]])
  assert.deepEqual(client.frames(), [{ type: 'ACK', ref: '1' }])
  off()
  await client.send(publish())
  assert.deepEqual([workflows.calls.length, everything.calls.length, others.calls.length], [1, 2, 0])
})

test('a message without op and room goes to the only room of its sender', async () => {
  const node = await startNode()
  const handler = spy<[InboundMessage, Connection]>()
  node.rooms.on('*', handler)
  const client = await node.joined(granted)
  await client.send({ type: 'CHAT', data: { __proto__: 1, text: 'hi' } })
  assert.equal(handler.calls[0]?.[0].room, 'workflow:abc')
  const lost = await node.joined({ rooms: ['a', 'b'], authorize: () => true })
  await lost.send({ type: 'CHAT' })
  assert.equal(lost.last().code, 'bad_request')
})

test('nobody publishes in a room that they are not in, that is no room, or that nobody listens to', async () => {
  const node = await startNode()
  const client = await node.joined(granted)
  await client.send(publish())
  assert.equal(client.last().code, 'forbidden')
  node.rooms.on('*', () => {})
  await client.send(publish({ room: 'other' }))
  assert.equal(client.last().code, 'not_subscribed')
  await client.send(publish({ room: '@all' }))
  assert.equal(client.last().code, 'room_invalid')
})

test('messages of one connection are handled one after another, those of two connections are not', async () => {
  const node = await startNode()
  const first = gate()
  const handled: unknown[] = []
  node.rooms.on('*', async ({ data }) => {
    handled.push(data)
    if (data === 1) await first.promise
  })
  const [a, b] = [await node.joined(granted), await node.joined(granted)]
  await a.send(publish({ data: 1 }))
  await a.send(publish({ data: 2 }))
  await b.send(publish({ data: 3 }))
  assert.deepEqual(handled, [1, 3])
  first.open()
  await settled()
  assert.deepEqual(handled, [1, 3, 2])
})

test('a handler that throws is reported, answered without its words, and harms nothing', async () => {
  const node = await startNode()
  node.rooms.on('*', () => assert.fail('secret'))
  const client = await node.joined(granted)
  await client.send(publish({ ref: '1' }))
  assert.equal(client.last().code, 'internal')
  assert.ok(!JSON.stringify(client.frames()).includes('secret'))
  assert.deepEqual(node.report.stages(), ['rooms.message'])
  await client.send({ op: 'ping' })
  assert.equal(client.last().type, 'PONG')
})

test('handling is a consumer span: of the trace in the message, else a root that links to the upgrade', async () => {
  const tracer = memoryTracer()
  await tracer.start?.(driverContext())
  const node = await startNode({ tracer })
  node.rooms.on('workflow:{id}', () => {})
  const upgrade = tracer.startSpan('upgrade')
  const spanContext = upgrade.context()
  assert.ok(spanContext)
  const client = await node.joined({ ...granted, spanContext })
  await client.send(publish())
  await client.send(publish({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }))
  await client.send(publish({ traceparent: 'nonsense' }))
  upgrade.end()
  const spans = tracer.finished.filter(({ name }) => name === 'process workflow:{id}')
  assert.equal(spans.length, 3)
  for (const span of spans) {
    assert.equal(span.kind, 'consumer')
    assert.equal(span.links[0]?.context.spanId, spanContext.spanId)
    assert.notEqual(span.traceId, spanContext.traceId)
  }
  assert.equal(spans[1]?.traceId, 'a'.repeat(32))
  await tracer.stop?.()
})

test('nothing that a client sends throws', async () => {
  const node = await startNode({ limits: { messagesPerSecond: 1_000_000 } })
  node.rooms.on('*', () => {})
  const hostile = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          op: fc.oneof(fc.constantFrom('ping', 'publish', '__proto__', 'constructor'), fc.anything()),
          room: fc.anything(),
          type: fc.anything(),
          ref: fc.anything(),
          data: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)) ?? ''),
  )
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const client = await node.joined(granted)
      await client.send(text)
      client.vanish()
    }),
    { numRuns: 300 },
  )
  assert.deepEqual(node.report.reports, [])
  assert.equal(node.rooms.connections(), 0)
})
