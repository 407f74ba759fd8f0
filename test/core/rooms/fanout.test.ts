import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFanout } from '../../../core/rooms/fanout.js'
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

test('few members get theirs at once', () => {
  const loop = turns()
  const given: string[] = []
  createFanout({ ...loop, clock: createFakeClock() }).run(new Set(['a', 'b']), (member) => given.push(member))
  assert.deepEqual([given, loop.waiting], [['a', 'b'], 0])
})

test('many members get theirs in turns of a few milliseconds, and what comes after waits for them', () => {
  const loop = turns()
  let now = 0
  const fanout = createFanout({ ...loop, clock: { monotonic: () => now } })
  const members = new Set(Array.from({ length: 2_000 }, (_, n) => n))
  const given: [string, number][] = []
  fanout.run(members, (member) => {
    now += 0.02
    given.push(['first', member])
  })
  fanout.run(new Set([7]), (member) => given.push(['second', member]))
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
