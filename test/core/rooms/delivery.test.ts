import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame, Socket } from '../../../core/ports/socket.js'
import { createDelivery, type Recipient } from '../../../core/rooms/delivery.js'
import { Outbound } from '../../../core/rooms/envelope.js'
import { createFakeClock } from '../../kit/clock.js'
import { reportSpy } from '../../kit/spy.js'
import { fakeTransport, settled, startNode } from './node.js'

const text = (n: number) => ({ type: 'TEXT', data: n })

test('a message is framed once, however many sockets get it', async () => {
  const node = await startNode()
  for (let n = 0; n < 100; n++) node.connect({ rooms: ['room'], meta: false })
  await settled()
  await node.rooms.broadcastToRoom('room', text(1))
  await settled()
  assert.equal(node.transport.prepared.length, 1)
  assert.equal(node.transport.deliveries.flatMap(({ sockets }) => sockets).length, 100)
})

test('what a turn owes the members of a room leaves in one delivery', async () => {
  const node = await startNode()
  const clients = Array.from({ length: 50 }, () => node.connect({ rooms: ['room'], meta: false }))
  await settled()
  await node.rooms.broadcastToAll(text(-1)) // Else the first would not wait for the others.
  await settled()
  node.transport.deliveries.length = 0
  await Promise.all(Array.from({ length: 10 }, (_, n) => node.rooms.broadcastToRoom('room', text(n))))
  await settled()
  const [delivery, ...rest] = node.transport.deliveries
  assert.deepEqual([delivery?.frames.length, delivery?.sockets.length, rest.length], [10, 50, 0])
  assert.deepEqual(
    clients[7]?.messages().map(({ data }) => data),
    [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
})

test('sockets that are owed different frames get theirs in one delivery each, grouped by what they have in common', async () => {
  const node = await startNode()
  const both = [node.connect({ rooms: ['a', 'b'], meta: false }), node.connect({ rooms: ['b', 'a'], meta: false })]
  const onlyA = node.connect({ rooms: ['a'], meta: false })
  await settled()
  await node.rooms.broadcastToAll(text(0))
  await settled()
  node.transport.deliveries.length = 0
  await Promise.all([node.rooms.broadcastToRoom('a', text(1)), node.rooms.broadcastToRoom('b', text(2))])
  await settled()
  const counts = node.transport.deliveries.map(({ frames, sockets }) => [frames.length, sockets.length])
  assert.deepEqual(counts.toSorted(), [
    [1, 1],
    [2, 2],
  ])
  for (const client of both)
    assert.deepEqual(
      client.messages().map(({ data }) => data),
      [0, 1, 2],
    )
  assert.deepEqual(
    onlyA.messages().map(({ data }) => data),
    [0, 1],
  )
})

test('a socket that has closed is skipped, and a transport that fails harms no other', () => {
  const report = reportSpy()
  const delivery = createDelivery({ schedule: queueMicrotask, enough: 1_000, clock: createFakeClock(), report })
  const good = fakeTransport()
  const bad = { ...fakeTransport(), deliver: () => assert.fail('broken') }
  const socket = (open = true) => ({ open, buffered: 0, texts: [], ping() {}, close() {}, terminate() {} })
  const recipients: Recipient[] = [
    { socket: socket(), transport: bad, owed: undefined, owedBytes: 0, served: 0 },
    { socket: socket(false), transport: good, owed: undefined, owedBytes: 0, served: 0 },
    { socket: socket(), transport: good, owed: undefined, owedBytes: 0, served: 0 },
  ]
  const message = new Outbound('{"type":"TEXT","data":1}')
  for (const recipient of recipients) delivery.send(recipient, message)
  assert.deepEqual(report.stages(), ['rooms.deliver'])
  assert.deepEqual(
    good.deliveries.map(({ sockets }) => sockets.length),
    [1],
  )
  assert.equal(good.prepared.length, 1)
})

test('after a quiet millisecond what comes first goes at once, and what follows with the turn', async () => {
  const { delivery, transport, endTurn, recipient, clock } = deliveryInTurns()
  const member = recipient()
  const sent = () => transport.deliveries.map(({ frames }) => frames.length)
  function send(...messages: readonly number[]): void {
    for (const data of messages) delivery.send(member, new Outbound(`{"type":"TEXT","data":${data}}`))
  }
  send(1, 2, 3)
  assert.deepEqual(sent(), [1])
  endTurn()
  assert.deepEqual(sent(), [1, 2])
  send(4)
  assert.deepEqual(sent(), [1, 2])
  endTurn()
  await clock.advance(1)
  send(5)
  assert.deepEqual(sent(), [1, 2, 1, 1])
})

test('after a quiet millisecond a few sockets are served at once, and all others with the turn', () => {
  const { delivery, transport, endTurn, recipient } = deliveryInTurns()
  const message = new Outbound('{"type":"TEXT","data":1}')
  const served = () => transport.deliveries.map(({ sockets }) => sockets.length)
  for (let n = 0; n < 100; n++) delivery.send(recipient(), message)
  assert.deepEqual(served(), new Array(32).fill(1))
  endTurn()
  assert.deepEqual(served(), [...new Array(32).fill(1), 68])
})

test('what is sent while the first leaves is not lost', () => {
  const { delivery, transport, endTurn, recipient } = deliveryInTurns()
  const [member, other] = [recipient(), recipient()]
  const next = new Outbound('{"type":"TEXT","data":2}')
  const { deliver } = transport
  transport.deliver = (frames, sockets) => {
    transport.deliver = deliver
    deliver(frames, sockets)
    for (const each of [member, other]) delivery.send(each, next)
  }
  delivery.send(member, new Outbound('{"type":"TEXT","data":1}'))
  endTurn()
  assert.deepEqual(
    transport.deliveries.map(({ frames, sockets }) => [frames.length, sockets.length]),
    [
      [1, 1],
      [1, 2],
    ],
  )
})

test('a slice begins no write when its time is over, however long each takes, and all is written in the end', async () => {
  /** Milliseconds, which only writing takes. */
  let time = 0
  const looks: number[] = []
  const clock = {
    monotonic() {
      looks.push(time)
      return time
    },
  }
  /** For each write, how much of the slice was over by the clock's last answer. */
  const begun: number[] = []
  /** For each write, how many sockets it was for. */
  const sizes: number[] = []
  let slices = 0
  const schedule = (fn: () => void) =>
    void setImmediate(() => {
      slices += 1
      looks.length = 0
      fn()
    })
  const written: Socket[] = []
  const transport = {
    ...fakeTransport(),
    deliver(_: readonly Frame[], sockets: readonly Socket[]) {
      sizes.push(sockets.length)
      begun.push((looks.at(-1) ?? 0) - (looks[0] ?? 0))
      for (const socket of sockets) {
        time += 0.02
        written.push(socket)
      }
    },
  }
  const delivery = createDelivery({ schedule, enough: 1_000, clock, report: reportSpy() })
  const message = new Outbound('{"type":"TEXT","data":1}')
  const recipients = Array.from({ length: 5_000 }, (): Recipient => {
    const socket = { open: true, buffered: 0, ping() {}, close() {}, terminate() {} }
    return { socket, transport, owed: undefined, owedBytes: 0, served: 0 }
  })
  for (const recipient of recipients) delivery.send(recipient, message)
  while (written.length < recipients.length) await settled()
  assert.deepEqual(
    written,
    recipients.map(({ socket }) => socket),
  )
  assert.ok(Math.max(...begun) < 6, `a write began ${Math.max(...begun)} ms after its slice`)
  assert.equal(Math.max(...sizes), 128)
  assert.ok(slices >= 3, `${slices} slices`)
})

test('a client that leaves too much unread is closed with 4503, and nobody else notices', async () => {
  const { rooms, joined } = await startNode({ limits: { maxBuffered: 1_000 } })
  const slow = await joined({ rooms: ['news:1'] })
  const quick = await joined({ rooms: ['news:1'] })
  slow.hold(1_000)
  await rooms.broadcastToRoom('news:1', { type: 'NEWS', data: 1 })
  await settled()
  assert.deepEqual([slow.messages().length, slow.closes], [1, []])
  slow.hold(1_001)
  await rooms.broadcastToRoom('news:1', { type: 'NEWS', data: 2 })
  await settled()
  assert.deepEqual(slow.closes, [{ code: 4503, reason: 'slow' }])
  assert.deepEqual([slow.messages().length, quick.messages().length], [1, 2])
  assert.deepEqual([rooms.members('news:1'), rooms.connections()], [1, 1])
})

/** A delivery whose turns end when the test says so. */
function deliveryInTurns() {
  const due: (() => void)[] = []
  const transport = fakeTransport()
  const clock = createFakeClock()
  const schedule = (fn: () => void) => void due.push(fn)
  return {
    delivery: createDelivery({ schedule, enough: 1_000, clock, report: reportSpy() }),
    transport,
    clock,
    endTurn() {
      for (const fn of due.splice(0)) fn()
    },
    recipient(): Recipient {
      const socket = { open: true, buffered: 0, texts: [], ping() {}, close() {}, terminate() {} }
      return { socket, transport, owed: undefined, owedBytes: 0, served: 0 }
    },
  }
}
