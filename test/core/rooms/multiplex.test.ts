import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { gate } from '../../kit/spy.js'
import { type Client, settled, startNode } from './node.js'

const open = { authorize: () => true, meta: true } as const
const kept = { history: { count: 100, ttl: '1h' } } as const
const text = (data: unknown) => ({ type: 'TEXT', data })

/** Frames without WELCOME, as far as a test cares. */
function frames(client: Client): unknown[] {
  return client.frames().flatMap(({ type, room, ref, code, data, recovered }) => {
    const facts = Object.entries({ type, room, ref, code, data, recovered: recovered || undefined })
    return type === 'WELCOME' ? [] : [Object.fromEntries(facts.filter(([, value]) => value !== undefined))]
  })
}

test('a client subscribes to rooms, hears them, and leaves them', async () => {
  const node = await startNode()
  const client = await node.joined(open)
  await client.send({ op: 'subscribe', ref: '1', room: 'a' })
  await client.send({ type: 'SUBSCRIBE', room: 'b' })
  await node.rooms.broadcastToRoom('a', text(1))
  await node.rooms.broadcastToRoom('b', text(2))
  await client.send({ op: 'unsubscribe', ref: '3', room: 'a' })
  await node.rooms.broadcastToRoom('a', text(3))
  await node.rooms.broadcastToRoom('b', text(4))
  await settled()
  assert.deepEqual(frames(client), [
    { type: 'SUBSCRIBED', room: 'a', ref: '1' },
    { type: 'SUBSCRIBED', room: 'b' },
    { type: 'TEXT', room: 'a', data: 1 },
    { type: 'TEXT', room: 'b', data: 2 },
    { type: 'UNSUBSCRIBED', room: 'a', ref: '3' },
    { type: 'TEXT', room: 'b', data: 4 },
  ])
})

test('a subscription says how much of the history it wants, and which types', async () => {
  const node = await startNode()
  for (const n of [1, 2, 3]) await node.rooms.broadcastToRoom('room', text(n), kept)
  await node.rooms.broadcastToRoom('room', { type: 'OTHER', data: 4 }, kept)
  for (const [wish, expected] of [
    [{}, [4]],
    [{ replay: 2 }, [3, 4]],
    [{ replay: 'none' }, []],
    [{ types: ['TEXT'] }, [3]],
  ] as const) {
    const client = await node.joined(open)
    await client.send({ op: 'subscribe', room: 'room', ...wish })
    assert.deepEqual(
      client.messages().map(({ data }) => data),
      expected,
    )
  }
})

test('what may not be joined, is no room, or is one room too many, is refused, and the rest goes on', async () => {
  const node = await startNode({ limits: { maxRoomsPerConnection: 1 } })
  const client = await node.joined({ authorize: async (action, room) => action === 'room:join' && room !== 'secret' })
  await client.send({ op: 'subscribe', ref: '1', room: 'secret' })
  await client.send({ op: 'subscribe', ref: '2', room: '@all' })
  await client.send({ op: 'subscribe', ref: '3', room: 'a' })
  await client.send({ op: 'subscribe', ref: '4', room: 'b' })
  await client.send({ op: 'unsubscribe', ref: '5', room: 'b' })
  assert.deepEqual(frames(client), [
    { type: 'ERROR', room: 'secret', ref: '1', code: 'forbidden' },
    { type: 'ERROR', ref: '2', code: 'room_invalid' },
    { type: 'SUBSCRIBED', room: 'a', ref: '3' },
    { type: 'ERROR', room: 'b', ref: '4', code: 'room_limit' },
    { type: 'ERROR', room: 'b', ref: '5', code: 'not_subscribed' },
  ])
  const stranger = await node.joined()
  await stranger.send({ op: 'subscribe', room: 'a' })
  assert.equal(stranger.last().code, 'forbidden')
})

test('subscribing again confirms and repeats nothing; with a position it begins anew from there', async () => {
  const node = await startNode()
  const since = await node.rooms.broadcastToRoom('room', text(1), kept)
  const client = await node.joined(open)
  await client.send({ op: 'subscribe', room: 'room' })
  await node.rooms.broadcastToRoom('room', text(2), kept)
  await client.send({ op: 'subscribe', ref: 'again', room: 'room' })
  await client.send({ op: 'subscribe', ref: 'since', room: 'room', since })
  await node.rooms.broadcastToRoom('room', text(3), kept)
  await settled()
  assert.deepEqual(frames(client), [
    { type: 'TEXT', room: 'room', data: 1 },
    { type: 'SUBSCRIBED', room: 'room' },
    { type: 'TEXT', room: 'room', data: 2 },
    { type: 'SUBSCRIBED', room: 'room', ref: 'again' },
    { type: 'TEXT', room: 'room', data: 2 },
    { type: 'SUBSCRIBED', room: 'room', ref: 'since', recovered: true },
    { type: 'TEXT', room: 'room', data: 3 },
  ])
  assert.equal(node.rooms.members('room'), 1)
})

test('resume takes up many rooms at once, and says for each whether something is missing', async () => {
  const node = await startNode()
  const a = await node.rooms.broadcastToRoom('a', text(1), kept)
  await node.rooms.broadcastToRoom('a', text(2), kept)
  await node.rooms.broadcastToRoom('b', text(3), kept)
  const client = await node.joined(open)
  await client.send({ op: 'resume', ref: '1', rooms: { a, b: { epoch: 'gone', seq: 9 } } })
  const ofRoom = (name: string) => frames(client).filter((frame) => (frame as { room?: string }).room === name)
  assert.deepEqual(ofRoom('a'), [
    { type: 'TEXT', room: 'a', data: 2 },
    { type: 'SUBSCRIBED', room: 'a', ref: '1', recovered: true },
  ])
  assert.deepEqual(ofRoom('b'), [
    { type: 'RESET', room: 'b' },
    { type: 'TEXT', room: 'b', data: 3 },
    { type: 'SUBSCRIBED', room: 'b', ref: '1' },
  ])
  assert.deepEqual(frames(client).at(-1), { type: 'ACK', ref: '1' })
})

test('subscriptions wait for the broker side by side, and what comes after them waits for all', async () => {
  const driver = memoryRooms()
  const broker = gate()
  const asked: string[] = []
  const subscribe = driver.subscribe.bind(driver)
  const node = await startNode({ rooms: driver })
  const client = await node.joined(open)
  driver.subscribe = async (rooms) => {
    asked.push(...rooms)
    await broker.promise
    return await subscribe(rooms)
  }
  await client.send({ op: 'subscribe', room: 'a' })
  await client.send({ op: 'subscribe', room: 'b' })
  await client.send({ op: 'unsubscribe', room: 'a' })
  assert.deepEqual([asked, frames(client)], [['a', 'b'], []])
  broker.open()
  await settled()
  assert.deepEqual(
    frames(client).map((frame) => (frame as { type: string; room: string }).type + (frame as { room: string }).room),
    ['SUBSCRIBEDa', 'SUBSCRIBEDb', 'UNSUBSCRIBEDa'],
  )
})

test('when the broker is away a subscription is refused and may be tried again', async () => {
  const driver = memoryRooms()
  const node = await startNode({ rooms: driver })
  const client = await node.joined(open)
  driver.subscribe = async () => {
    throw Object.assign(new Error('secret host'), { code: 'X' })
  }
  await client.send({ op: 'subscribe', room: 'a', ref: '1' })
  assert.deepEqual(frames(client), [{ type: 'ERROR', room: 'a', ref: '1', code: 'internal' }])
  assert.deepEqual([client.closes, node.report.stages()], [[], ['rooms.subscribe']])
})

test('code of the server that takes a connection out of a room tells the client', async () => {
  const node = await startNode()
  const client = await node.joined({ rooms: ['room'] })
  client.connection.leave('room')
  await settled()
  assert.deepEqual(frames(client).at(-1), { type: 'UNSUBSCRIBED', room: 'room' })
})

test('a new token changes who it is, and takes it out of rooms that it may not be in', async () => {
  const node = await startNode()
  const client = await node.joined({
    rooms: ['public', 'staff'],
    principal: 'ada',
    authorize: (_action, room, principal) => room === 'public' || principal === 'ada',
    authenticate: async (token) => (token === 'good' ? { principal: 'bob' } : undefined),
  })
  await client.send({ op: 'auth', ref: '1', token: 'good' })
  assert.deepEqual(frames(client).slice(2), [
    { type: 'UNSUBSCRIBED', room: 'staff', code: 'forbidden' },
    { type: 'ACK', ref: '1' },
  ])
  assert.deepEqual([client.connection.principal, [...client.connection.rooms]], ['bob', ['public']])
  await client.send({ op: 'auth', ref: '2', token: 'bad' })
  assert.deepEqual(frames(client).at(-1), { type: 'ERROR', ref: '2', code: 'unauthenticated' })
  assert.equal(client.closes[0]?.code, 4401)
})

test('a client that asks for a room several times at once is answered each time', async () => {
  const inner = memoryRooms()
  const broker = gate()
  const node = await startNode({
    rooms: { ...inner, subscribe: (rooms) => broker.promise.then(() => inner.subscribe(rooms)) },
  })
  const client = node.connect(open)
  const since = { epoch: 'another', seq: 0 }
  const wishes = [{ ref: '1', since }, { ref: '2', since }, { ref: '3' }, { ref: '4', since }]
  await Promise.all(wishes.map((wish) => client.send({ op: 'subscribe', room: 'room', ...wish })))
  broker.open()
  await settled()
  const answers = client.frames().filter(({ type }) => type === 'SUBSCRIBED')
  assert.deepEqual(
    answers.map(({ ref }) => ref),
    ['1', '2', '3', '4'],
  )
})

test('a client that goes while it is asked whether it may join is no failure', async () => {
  const node = await startNode()
  const asked = gate<boolean>()
  const client = await node.joined({ authorize: () => asked.promise })
  await client.send({ op: 'subscribe', room: 'room' })
  client.vanish()
  asked.open(true)
  await settled()
  assert.deepEqual([node.report.reports, node.rooms.members('room')], [[], 0])
})

test('however many rooms a client asks for at once, no more are asked about than it may be in', async () => {
  const node = await startNode({ limits: { maxRoomsPerConnection: 3 } })
  const asked: string[] = []
  const client = await node.joined({ authorize: async (_action, room) => asked.push(room) > 0 })
  const rooms = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`r${n}`, { epoch: 'e', seq: 0 }]))
  await client.send({ op: 'resume', ref: '1', rooms })
  assert.equal(asked.length, 3)
  assert.equal(client.frames().filter(({ code }) => code === 'room_limit').length, 997)
  assert.deepEqual([frames(client).at(-1), client.connection.rooms.size], [{ type: 'ACK', ref: '1' }, 3])
  await client.send({ op: 'unsubscribe', room: 'r1' })
  await client.send({ op: 'subscribe', ref: '2', room: 'r5' })
  assert.deepEqual(frames(client).at(-1), { type: 'SUBSCRIBED', room: 'r5', ref: '2' })
})

test('when it cannot be found out what somebody else may do, rooms are taken away, and the failure is reported', async () => {
  const node = await startNode()
  const client = await node.joined({
    rooms: ['room'],
    authorize: async () => Promise.reject(new Error('the directory is away')),
    authenticate: async () => ({ principal: 'bob' }),
  })
  await client.send({ op: 'auth', ref: '1', token: 'good' })
  assert.deepEqual(frames(client).slice(-2), [
    { type: 'UNSUBSCRIBED', room: 'room', code: 'forbidden' },
    { type: 'ACK', ref: '1' },
  ])
  assert.deepEqual(node.report.stages(), ['rooms.auth'])
})

test('whoever is unknown can do nothing but say who it is, and has five seconds for it', async () => {
  const node = await startNode()
  const options = {
    ...open,
    anonymous: true,
    authenticate: async (token: string) => ({ principal: token }),
  }
  const [client, silent] = [await node.joined(options), await node.joined(options)]
  await client.send({ op: 'subscribe', ref: '1', room: 'room' })
  assert.deepEqual(frames(client), [{ type: 'ERROR', ref: '1', room: 'room', code: 'unauthenticated' }])
  await node.rooms.broadcastToAll(text('for those who are known'))
  await client.send({ op: 'auth', token: 'ada' })
  await client.send({ op: 'subscribe', ref: '2', room: 'room' })
  assert.deepEqual(frames(client).slice(1), [{ type: 'SUBSCRIBED', room: 'room', ref: '2' }])
  await node.clock.advance(6_000)
  assert.deepEqual([client.closes, silent.closes[0]?.code], [[], 4408])
})

test('a PONG is a sign of life and nothing else', async () => {
  const node = await startNode()
  const client = await node.joined(open)
  await client.send({ type: 'PONG' })
  await client.send({ op: 'pong' })
  assert.deepEqual(frames(client), [])
})
