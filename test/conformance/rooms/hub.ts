import assert from 'node:assert/strict'
import type { RoomsDriver } from '../../../core/ports/rooms.js'
import { defineRoom } from '../../../core/rooms/room-type.js'
import { eventually } from '../../kit/eventually.js'
import type { Claim, Running } from './harness.js'
import { type HubNode, type Member, positionOf, settle, startHub } from './hub-node.js'

/** What members hear, whatever the driver does underneath. */
export function hubClaims(claim: Claim): void {
  hub('members on two nodes hear concurrent publishers in one order, once each', async ({ a, b }) => {
    const members = [await joined(a), await joined(b)] as const
    const publish = (node: HubNode, name: string) =>
      Promise.all(Array.from({ length: 50 }, (_, n) => say(node, `${name}${n}`)))
    await Promise.all([publish(a, 'a'), publish(b, 'b')])
    const [one, two] = await heardUntil(members, await fence(a))
    assert.deepEqual(one, two)
    assert.equal(one?.length, 101)
  })

  hub('nothing that is published after SUBSCRIBED is lost', async ({ a, b }) => {
    for (let round = 0; round < 10; round++) {
      const member = b.connect({ rooms: [`room:${round}`] })
      await member.until(({ type }) => type === 'SUBSCRIBED')
      await a.rooms.broadcastToRoom(`room:${round}`, { type: 'TEXT', data: 'kept' }, kept)
      await a.rooms.broadcastToRoom(`room:${round}`, { type: 'TEXT', data: 'passing' })
      await member.until(({ data }) => data === 'passing')
      assert.deepEqual(member.heard(), ['kept', 'passing'])
    }
  })

  hub('who joins while others publish gets history and then everything, without a hole', async ({ a, b }) => {
    for (let n = 0; n < 20; n++) await say(a, n)
    const together = Promise.all(Array.from({ length: 25 }, (_, n) => say(a, 20 + n)))
    const members = [b.connect({ rooms: ['room'], replay: 5 })]
    await together
    // One for each moment of a join, where the broker is in this process.
    for (let n = 0; n < 25; n++) {
      members.push(b.connect({ rooms: ['room'], replay: 5 }))
      for (let moment = 0; moment < n; moment++) await undefined
      await say(a, 45 + n)
    }
    await fence(a)
    for (const member of members) {
      await member.until(({ data }) => data === 'fence')
      const seqs = member.frames.flatMap(({ id, seq }) => (id === undefined || seq === undefined ? [] : [seq]))
      assert.ok(seqs.length >= 5)
      assert.deepEqual(
        seqs,
        seqs.map((_, index) => (seqs[0] ?? 0) + index),
      )
    }
  })

  hub('who comes back to another node gets what it missed, once', async ({ a, b }) => {
    const before = await joined(a)
    await say(a, 1)
    await before.until(({ data }) => data === 1)
    before.leave()
    await say(b, 2)
    await say(a, 3)
    const after = await resumed(b, before)
    assert.deepEqual(after.heard(), [2, 3])
    assert.equal(subscribed(after)?.recovered, true)
  })

  hub('recovered is claimed only when nothing is missing', async ({ a, b }) => {
    const before = await joined(a)
    await say(a, 0)
    await before.until(({ data }) => data === 0)
    before.leave()
    // Brokers may keep more than they are asked to.
    for (let n = 1; n <= 280; n++) await say(a, n, { history: { count: 1, ttl: '1h' } })
    const after = await resumed(b, before)
    if (subscribed(after)?.recovered)
      assert.deepEqual(
        after.heard(),
        Array.from({ length: 280 }, (_, n) => n + 1),
      )
    else assert.deepEqual(after.heard(), ['RESET', 280])
  })

  hub('a lost log is told with RESET, to those who are there and to those who come back', async ({ a, b, harness }) => {
    const [there, gone] = [await joined(b), await joined(a)]
    await say(a, 1)
    await heardUntil([there, gone], 1)
    gone.leave()
    await harness.lose('room')
    await say(a, 2)
    await there.until(({ data }) => data === 2)
    assert.deepEqual(there.heard(), [1, 'RESET', 2])
    const back = await resumed(b, gone)
    assert.deepEqual([back.heard(), subscribed(back)?.recovered], [['RESET', 2], false])
  })

  hub('after an outage members get what they missed, in order and once', async ({ a, b, drivers, harness }) => {
    const member = await joined(b)
    await say(a, 1)
    await member.until(({ data }) => data === 1)
    const heal = await harness.interrupt(drivers.b)
    await eventually(() => assert.notEqual(b.rooms.inspect().broker, 'up'))
    await say(a, 2)
    await say(a, 3)
    await heal()
    await eventually(() => assert.equal(b.rooms.inspect().broker, 'up'))
    await say(a, 4)
    await b.clock.advance(1_000)
    await member.until(({ data }) => data === 4)
    assert.deepEqual(member.heard(), [1, 2, 3, 4])
  })

  hub(
    'after a failover that lost the end of a log, members hear RESET and what took its place',
    async ({ a, b, harness }) => {
      const members = [await joined(a), await joined(b)] as const
      for (const n of [1, 2, 3]) await say(a, n)
      await heardUntil(members, 3)
      await harness.lose('room', 2)
      for (const { rooms } of [a, b]) await eventually(() => assert.equal(rooms.inspect().broker, 'up'))
      for (const n of [4, 5, 6]) await say(a, n)
      for (const { clock } of [a, b]) await clock.advance(1_000)
      for (const heard of await heardUntil(members, 6)) {
        assert.deepEqual(heard.slice(0, 4), [1, 2, 3, 'RESET'])
        assert.deepEqual(heard.slice(-3), [4, 5, 6])
      }
    },
  )

  hub('what took the place of lost messages while a node was cut off is found there too', async (running) => {
    const { a, b, drivers, harness } = running
    const member = await joined(b)
    for (const n of [1, 2, 3]) await say(a, n)
    await member.until(({ data }) => data === 3)
    const heal = await harness.interrupt(drivers.b)
    await harness.lose('room', 2)
    await eventually(() => assert.equal(a.rooms.inspect().broker, 'up'))
    for (const n of [4, 5, 6]) await say(a, n)
    await heal()
    await eventually(() => assert.equal(b.rooms.inspect().broker, 'up'))
    await b.clock.advance(1_000)
    await member.until(({ data }) => data === 6)
    assert.deepEqual(member.heard().slice(0, 4), [1, 2, 3, 'RESET'])
    assert.deepEqual(member.heard().slice(-3), [4, 5, 6])
  })

  hub('SUBSCRIBED waits for the broker', async ({ b, drivers }) => {
    await joined(b, 'other')
    const subscribe = drivers.b.subscribe.bind(drivers.b)
    const live = Promise.withResolvers<void>()
    drivers.b.subscribe = async (rooms) => {
      await live.promise
      return await subscribe(rooms)
    }
    const member = b.connect({ rooms: ['room'] })
    await settle()
    const early = member.frames.map(({ type }) => type)
    live.resolve()
    assert.deepEqual(early, ['WELCOME'])
    await member.until(({ type }) => type === 'SUBSCRIBED')
  })

  hub('who is in a room is known on every node, until it leaves', async ({ a, b }) => {
    const [one, other] = [await joined(a, 'attended:1'), await joined(b, 'attended:1')]
    assert.equal((await b.rooms.present('attended:1')).count, 2)
    await b.clock.advance(1_000)
    await one.until(({ type }) => type === 'PRESENCE')
    other.leave()
    await eventually(async () => assert.equal((await a.rooms.present('attended:1')).count, 1))
  })

  hub('a node stays in a room for a while after its last member has left, and no longer', async ({ b, drivers }) => {
    const given: string[] = []
    const unsubscribe = drivers.b.unsubscribe.bind(drivers.b)
    drivers.b.unsubscribe = async (rooms) => {
      given.push(...rooms)
      await unsubscribe(rooms)
    }
    const [one, other] = [await joined(b), await joined(b)]
    one.leave()
    await b.clock.advance(20_000)
    other.leave()
    await b.clock.advance(3_000)
    assert.deepEqual(given, [])
    const back = await joined(b)
    await b.clock.advance(20_000)
    back.leave()
    await b.clock.advance(7_000)
    assert.ok(given.some((room) => room === 'room'))
  })

  hub('a node without members publishes to those of others', async ({ a, b }) => {
    const member = await joined(b)
    await say(a, 'from a worker')
    await member.until(({ data }) => data === 'from a worker')
    assert.deepEqual(a.rooms.rooms(), [])
  })

  hub(
    'a message without history reaches its own node first, and comes to every node once',
    async ({ a, b, drivers }) => {
      const [here, there] = [await joined(a), await joined(b)]
      const publish = drivers.a.publish.bind(drivers.a)
      const live = Promise.withResolvers<void>()
      drivers.a.publish = async (messages, options) => {
        await live.promise
        return await publish(messages, options)
      }
      const published = a.rooms.broadcastToRoom('room', { type: 'TEXT', data: 'passing' })
      await settle()
      const early = [here.heard(), there.heard()]
      live.resolve()
      await published
      assert.deepEqual(early, [['passing'], []])
      assert.deepEqual(await heardUntil([here, there], await fence(a)), [
        ['passing', 'fence'],
        ['passing', 'fence'],
      ])
    },
  )

  hub('everybody and one connection are reached from any node', async ({ a, b }) => {
    const members = [a.connect(), b.connect()] as const
    const welcomes = await Promise.all(members.map((member) => member.until(({ type }) => type === 'WELCOME')))
    await a.rooms.broadcastToAll({ type: 'TEXT', data: 'all' })
    const { connection } = welcomes[1] as { connection?: string }
    await a.rooms.sendToConnection(connection ?? '', { type: 'TEXT', data: 'one' })
    await members[1].until(({ data }) => data === 'one')
    await members[0].until(({ data }) => data === 'all')
    assert.deepEqual([members[0].heard(), members[1].heard()], [['all'], ['all', 'one']])
  })

  hub('a message of 1 MB reaches members on every node as it was', async ({ a, b }) => {
    const members = [await joined(a), await joined(b)]
    const data = '€"\\\n'.repeat(150_000)
    await say(a, data)
    for (const member of members) assert.ok((await member.until(({ id }) => id !== undefined)).data === data)
  })

  function hub(name: string, check: (running: Hubs) => Promise<void>): void {
    claim(`rooms over it: ${name}`, async ({ harness, patience }) => {
      const drivers = { a: harness.driver(), b: harness.driver() }
      const options = { driverClock: harness.clock, patience, roomTypes: [attended], ...roomy }
      const hubs = [
        await startHub(drivers.a, { instanceId: 'hub-a', ...options }),
        await startHub(drivers.b, { instanceId: 'hub-b', ...options }),
      ] as const
      try {
        await check({ a: hubs[0], b: hubs[1], drivers, harness })
        for (const { report } of hubs) assert.deepEqual(report.reports, [])
      } finally {
        for (const { stop } of hubs) await stop()
      }
    })
  }
}

interface Hubs extends Pick<Running, 'harness'> {
  readonly a: HubNode
  readonly b: HubNode
  readonly drivers: { readonly a: RoomsDriver; readonly b: RoomsDriver }
}

const attended = defineRoom({ pattern: 'attended:{id}', presence: true })
const kept = { history: { count: 1_000, ttl: '1h' } } as const
const roomy = { limits: { maxMessage: 4_000_000, maxBuffered: 16_000_000, softBuffered: 16_000_000 } }

async function joined(node: HubNode, room = 'room'): Promise<Member> {
  const member = node.connect({ rooms: [room] })
  await member.until(({ type }) => type === 'SUBSCRIBED')
  return member
}

async function resumed(node: HubNode, before: Member): Promise<Member> {
  const since = positionOf(before, 'room')
  assert.ok(since)
  const member = node.connect({ rooms: ['room'], since })
  await member.until(({ type }) => type === 'SUBSCRIBED')
  return member
}

function subscribed(member: Member) {
  return member.frames.find(({ type }) => type === 'SUBSCRIBED')
}

async function say(node: HubNode, data: unknown, options: object = kept): Promise<void> {
  await node.rooms.broadcastToRoom('room', { type: 'TEXT', data }, options)
}

async function fence(node: HubNode): Promise<string> {
  await say(node, 'fence')
  return 'fence'
}

/** What each member has heard, once all have heard `last`. */
async function heardUntil(members: readonly Member[], last: unknown): Promise<unknown[][]> {
  for (const member of members) await member.until(({ data }) => data === last)
  return members.map((member) => member.heard())
}
