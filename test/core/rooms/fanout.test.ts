import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbound } from '../../../core/rooms/envelope.js'
import { createFanout } from '../../../core/rooms/fanout.js'
import { createMeter } from '../../../core/rooms/meter.js'
import { createFakeClock } from '../../kit/clock.js'
import { startNode } from './node.js'

/** Turns of an event loop that the test makes. */
function turns() {
  const due: (() => void)[] = []
  return {
    schedule: (fn: () => void) => void due.push(fn),
    get waiting() {
      return due.length
    },
    next() {
      for (const fn of due.splice(0)) fn()
    },
  }
}

const clock = createFakeClock()
const text = (data: unknown, how = '') =>
  new Outbound(`{"type":"TEXT","id":"1"${how},"data":${data}}`, { room: 'room' })
const many = () => new Set(Array.from({ length: 2_000 }, (_, n) => n))

test('few members get theirs at once', () => {
  const loop = turns()
  const given: string[] = []
  const fanout = createFanout({ ...loop, clock, meter: createMeter(clock) })
  fanout.run({ message: text(1), members: new Set(['a', 'b']), give: (member) => void given.push(member) })
  assert.deepEqual([given, loop.waiting], [['a', 'b'], 0])
})

test('many members get theirs in turns of a few milliseconds, and what comes after waits for them', () => {
  const loop = turns()
  let now = 0
  const fanout = createFanout({ ...loop, clock: { monotonic: () => now }, meter: createMeter(clock) })
  const members = many()
  const given: [string, number][] = []
  fanout.run({
    message: text(1),
    members,
    give(member) {
      now += 0.02
      given.push(['first', member])
    },
  })
  fanout.run({ message: text(2), members: new Set([7]), give: (member) => void given.push(['second', member]) })
  assert.equal(given.length, 0)
  let longest = 0
  while (loop.waiting > 0) {
    const start = now
    loop.next()
    longest = Math.max(longest, now - start)
    members.delete(1_999)
  }
  assert.ok(longest < 10, `a turn took ${longest} ms`)
  assert.deepEqual(given.at(-1), ['second', 7])
  assert.equal(given.length, 2_000, 'all but the one that left, and the second')
})

/** A fan-out that is full of messages 0 to 999, to 2,000 members of whom one is looked at. */
function fullFanout() {
  const loop = turns()
  const meter = createMeter(clock)
  const fanout = createFanout({ ...loop, clock, meter })
  const [members, given] = [many(), [] as unknown[]]
  const offer = (data: unknown, how?: string) => {
    const message = text(data, how)
    const give = (member: number) => void (member === 7 && given.push(JSON.parse(message.text).data))
    return fanout.offer({ message, members, give })
  }
  for (let n = 0; n < 1_000; n++) assert.ok(offer(n, n < 2 ? ',"delivery":"latest"' : ''))
  const finish = () => {
    while (loop.waiting > 0) loop.next()
    return given.slice(990)
  }
  return { fanout, meter, offer, finish }
}

test('when too much waits, a volatile message is left out, and counted for each member', () => {
  const { fanout, meter, offer, finish } = fullFanout()
  assert.ok(offer('"volatile"', ',"delivery":"volatile"'))
  assert.deepEqual([fanout.waiting, meter.dropped], [1_000, 2_000])
  assert.equal(finish().at(-1), 999)
})

test('when too much waits, a latest message replaces one that nobody has got yet', () => {
  const { fanout, meter, offer, finish } = fullFanout()
  assert.ok(offer('"newest"', ',"delivery":"latest"'))
  assert.deepEqual([fanout.waiting, meter.coalesced], [1_000, 2_000])
  assert.ok(!offer('"of another key"', ',"delivery":"latest","key":"k"'))
  assert.deepEqual(finish().slice(-2), [999, 'newest'])
})

test('when too much waits, any other message finds no place, and large ones fill it too', () => {
  const { fanout, meter, offer, finish } = fullFanout()
  assert.ok(!offer(1_000))
  assert.deepEqual([fanout.waiting, meter.lost], [1_000, 2_000])
  assert.equal(finish().at(-1), 999)
  for (const large of [1, 2, 3, 4]) assert.ok(offer(`"${large}${'x'.repeat(1_048_576)}"`))
  assert.ok(!offer('"more"'))
})

test('who waits for a fan-out that is busy goes on when half of what may wait is left', async () => {
  const { fanout, finish } = fullFanout()
  let relieved = false
  const waiting = fanout.relieved().then(() => {
    relieved = true
  })
  await Promise.resolve()
  assert.deepEqual([fanout.busy, relieved], [true, false])
  finish()
  await waiting
  assert.equal(fanout.busy, false)
})

test('a large room hears everything in order, some thousand sockets a turn', async () => {
  const loop = turns()
  const node = await startNode({ schedule: loop.schedule })
  const clients = Array.from({ length: 5_000 }, () => node.connect({ rooms: ['room'], meta: false }))
  const turn = async () => {
    await node.clock.settle()
    loop.next()
  }
  for (let n = 0; n < 10; n++) await turn()
  for (let n = 0; n < 3; n++) await node.rooms.broadcastToRoom('room', { type: 'TEXT', data: n })
  let most = 0
  for (let n = 0; n < 20; n++) {
    node.transport.deliveries.length = 0
    await turn()
    most = Math.max(
      most,
      node.transport.deliveries.reduce((sum, { sockets }) => sum + sockets.length, 0),
    )
  }
  assert.ok(most <= 2_048, `${most} sockets in a turn`)
  for (const client of clients) {
    assert.deepEqual(
      client.messages().map(({ data }) => data),
      [0, 1, 2],
    )
  }
})
