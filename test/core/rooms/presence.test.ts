import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TriportError } from '../../../core/errors.js'
import { defineRoom } from '../../../core/rooms/room-type.js'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { createFakeClock } from '../../kit/clock.js'
import { type Client, settled, startNode } from './node.js'

const doc = defineRoom({ pattern: 'doc:{id}', presence: (principal) => ({ name: principal }) })
const bare = defineRoom({ pattern: 'bare:{id}', presence: true })

async function twoNodes() {
  const broker = createMemoryBroker()
  const fakeClock = createFakeClock()
  const options = { fakeClock, roomTypes: [doc, bare] }
  const [ofA, ofB] = [memoryRooms({ broker }), memoryRooms({ broker })]
  const a = await startNode({ rooms: ofA, ...options })
  const b = await startNode({ rooms: ofB, ...options })
  return { broker, clock: fakeClock, a, b, cutA: () => broker.interrupt(ofA) }
}

/** What PRESENCE frames told: `+name`, `-id`. */
function news(client: Client): string[] {
  return client.frames().flatMap(({ type, join, leave }) => {
    if (type !== 'PRESENCE') return []
    const came = (join as { info?: { name: string } }[]).map(({ info }) => `+${info?.name}`)
    return [...came, ...(leave as string[]).map((id) => `-${id}`)]
  })
}

const names = async (node: { rooms: { present(room: string): Promise<{ members: readonly { info?: unknown }[] }> } }) =>
  (await node.rooms.present('doc:1')).members.map(({ info }) => (info as { name: string }).name)

test('SUBSCRIBED says who is there, on all nodes, and PRESENCE who comes and goes', async () => {
  const { a, b, clock } = await twoNodes()
  const ada = await a.joined({ rooms: ['doc:1'], principal: 'ada' })
  const bob = await b.joined({ rooms: ['doc:1'], principal: 'bob' })
  const subscribed = bob.frames().find(({ type }) => type === 'SUBSCRIBED')
  assert.deepEqual(subscribed?.presence, {
    count: 2,
    members: [
      { id: ada.connection.id, info: { name: 'ada' } },
      { id: bob.connection.id, info: { name: 'bob' } },
    ],
  })
  await clock.advance(1_000)
  assert.deepEqual(news(ada), ['+ada', '+bob'])
  bob.vanish()
  await clock.advance(1_000)
  assert.deepEqual(news(ada), ['+ada', '+bob', `-${bob.connection.id}`])
  assert.deepEqual(await names(a), ['ada'])
})

test('who comes and goes within a second is not told', async () => {
  const { a, clock } = await twoNodes()
  const ada = await a.joined({ rooms: ['doc:1'], principal: 'ada' })
  await clock.advance(1_000)
  const hasty = await a.joined({ rooms: ['doc:1'], principal: 'hasty' })
  hasty.vanish()
  await clock.advance(2_000)
  assert.deepEqual(news(ada), ['+ada'])
})

test('rooms without presence tell nothing, and without a function no more than ids', async () => {
  const { a, clock } = await twoNodes()
  const client = await a.joined({ rooms: ['other', 'bare:1'], principal: 'secret' })
  await clock.advance(1_000)
  const subscribed = client.frames().filter(({ type }) => type === 'SUBSCRIBED')
  assert.deepEqual(
    subscribed.map(({ presence }) => presence),
    [undefined, { count: 1, members: [{ id: client.connection.id }] }],
  )
  assert.ok(!JSON.stringify(client.frames()).includes('secret'))
})

test('the members of a node that dies have left within 40 seconds, and are told once', async () => {
  const { a, b, clock, cutA } = await twoNodes()
  const ada = await a.joined({ rooms: ['doc:1'], principal: 'ada' })
  const bob = await b.joined({ rooms: ['doc:1'], principal: 'bob' })
  await clock.advance(1_000)
  cutA()
  await clock.advance(40_000)
  assert.deepEqual(await names(b), ['bob'])
  assert.deepEqual(
    news(bob).filter((each) => each.startsWith('-')),
    [`-${ada.connection.id}`],
  )
})

test('a node that was held for dead brings its members back', async () => {
  const { a, b, clock, cutA } = await twoNodes()
  await a.joined({ rooms: ['doc:1'], principal: 'ada' })
  const bob = await b.joined({ rooms: ['doc:1'], principal: 'bob' })
  const heal = cutA()
  await clock.advance(40_000)
  heal()
  await clock.advance(12_000)
  assert.deepEqual((await names(b)).toSorted(), ['ada', 'bob'])
  assert.equal(news(bob).at(-1), '+ada')
})

test('a node that was held for dead brings its members back, though the answers of the broker are lost', async () => {
  const broker = createMemoryBroker()
  const clock = createFakeClock()
  const options = { fakeClock: clock, roomTypes: [doc] }
  const ofA = memoryRooms({ broker })
  const { renew } = ofA.presence
  let lost = 0
  async function answer<T>(reply: Promise<T>): Promise<T> {
    const value = await reply
    if (lost === 0) return value
    lost--
    throw new TriportError('ERR_BROKER_UNAVAILABLE', 'lost')
  }
  const presence = { ...ofA.presence, renew: (ttl: number) => answer(renew(ttl)) }
  const a = await startNode({ rooms: { ...ofA, presence }, ...options })
  const b = await startNode({ rooms: memoryRooms({ broker }), ...options })
  await a.joined({ rooms: ['doc:1'], principal: 'ada' })
  await b.joined({ rooms: ['doc:1'], principal: 'bob' })
  const heal = broker.interrupt(ofA)
  await clock.advance(40_000)
  heal()
  lost = 1
  await clock.advance(9_000)
  await a.joined({ rooms: ['doc:1'], principal: 'eve' })
  await clock.advance(12_000)
  assert.deepEqual((await names(b)).toSorted(), ['ada', 'bob', 'eve'])
})

test('who leaves while the broker is away is not there when it is back', async () => {
  const { a, b, clock, cutA } = await twoNodes()
  const ada = await a.joined({ rooms: ['doc:1'], principal: 'ada' })
  await a.joined({ rooms: ['doc:1'], principal: 'eve' })
  await clock.advance(1_000)
  const heal = cutA()
  ada.vanish()
  await clock.advance(5_000)
  heal()
  await clock.advance(2_000)
  assert.deepEqual(await names(b), ['eve'])
  assert.deepEqual(a.report.stages(), ['rooms.broker'])
})

test('a node that stops takes its members with it', async () => {
  const { a, b, clock } = await twoNodes()
  const ada = await a.joined({ rooms: ['doc:1'], principal: 'ada' })
  const bob = await b.joined({ rooms: ['doc:1'], principal: 'bob' })
  await clock.advance(1_000)
  await a.stop()
  await settled()
  assert.deepEqual(await names(b), ['bob'])
  assert.equal(news(bob).at(-1), `-${ada.connection.id}`)
})
