import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { createNotificationMessage } from '../../../core/rooms/messages.js'
import { defineRoom } from '../../../core/rooms/room-type.js'
import { settled, startNode } from './node.js'

const chat = defineRoom({
  pattern: 'chat:{id}',
  messages: {
    SAID: z.object({ text: z.string(), loud: z.boolean().default(false) }),
    TYPING: { data: z.object({ user: z.string() }), history: 'none', delivery: 'volatile' },
  },
  inbound: { SAY: z.object({ text: z.string().transform((text) => text.trim()) }) },
  history: { count: 2, ttl: '1h' },
  delivery: 'latest',
})

test('a message that fits leaves as its schema has made it', async () => {
  const node = await startNode({ roomTypes: [chat] })
  const client = await node.joined({ rooms: ['chat:1'], meta: false })
  const message = { type: 'SAID', data: { text: 'hi', secret: 1 } } as const
  const position = await node.rooms.broadcastToRoom(chat.room({ id: '1' }), message)
  await settled()
  assert.deepEqual(client.last().data, { text: 'hi', loud: false })
  assert.deepEqual([position?.seq, client.last().delivery], [1, 'latest'])
})

test('rules of a message go before those of the room, and the caller before both', async () => {
  const node = await startNode({ roomTypes: [chat] })
  const client = await node.joined({ rooms: ['chat:1'], meta: false })
  const typing = { type: 'TYPING', data: { user: 'ada' } }
  assert.equal(await node.rooms.broadcastToRoom('chat:1', typing), undefined)
  assert.equal(
    (await node.rooms.broadcastToRoom('chat:1', typing, { history: 'latest', delivery: 'reliable' }))?.seq,
    1,
  )
  await settled()
  assert.deepEqual(
    client.messages().map(({ delivery }) => delivery),
    ['volatile', undefined],
  )
})

test('a message that does not fit is refused, also by the plain name of the room', async () => {
  const node = await startNode({ roomTypes: [chat] })
  for (const message of [
    { type: 'SAID', data: { text: 1 } },
    { type: 'OTHER', data: {} },
    { type: 'constructor', data: {} },
  ]) {
    await assert.rejects(node.rooms.broadcastToRoom('chat:1', message), { code: 'ERR_MESSAGE_INVALID' })
  }
  await assert.rejects(node.rooms.broadcastToRoom('chat:1', { type: 'SAID', data: { text: 1 } }), ({ details }) => {
    assert.equal(details.issues[0].path, 'text')
    return true
  })
  await node.rooms.broadcastToRoom('elsewhere', { type: 'OTHER', data: {} })
})

test('the standard messages need no declaration', async () => {
  const node = await startNode({ roomTypes: [chat] })
  const position = await node.rooms.broadcastToRoom('chat:1', createNotificationMessage('info', 'hello'))
  assert.equal(position?.seq, 1)
})

test('clients may send what is declared, and handlers get it as the schema has made it', async () => {
  const node = await startNode({ roomTypes: [chat] })
  const said: unknown[] = []
  node.rooms.on(chat, ({ type, data, params }) => void said.push([type, data.text, params.id]))
  const client = await node.joined({ rooms: ['chat:1'], authorize: () => true })
  await client.send({ type: 'SAY', data: { text: ' hi ' }, ref: '1' })
  await client.send({ type: 'SAY', data: { text: 7 }, ref: '2' })
  await client.send({ type: 'SHOUT', data: { text: 'hi' }, ref: '3' })
  assert.deepEqual(said, [['SAY', 'hi', '1']])
  const answers = client.frames().filter(({ ref }) => ref !== undefined)
  assert.deepEqual(
    answers.map(({ type, code, ref }) => [type, code, ref]),
    [
      ['ACK', undefined, '1'],
      ['ERROR', 'validation_failed', '2'],
      ['ERROR', 'validation_failed', '3'],
    ],
  )
  assert.equal((answers[1]?.issues as { path: string }[] | undefined)?.[0]?.path, 'text')
})

test('a kind of room decides who joins and who publishes, after whoever made the connection', async () => {
  const secret = defineRoom({
    pattern: 'secret:{owner}',
    authorize: ({ action, principal, params }) => action === 'room:join' && principal === params.owner,
  })
  const node = await startNode({ roomTypes: [secret] })
  node.rooms.on('*', () => {})
  const [ada, bob] = [
    await node.joined({ rooms: ['secret:ada'], principal: 'ada', authorize: () => true }),
    await node.joined({ rooms: ['secret:ada'], principal: 'bob', authorize: () => true }),
  ]
  assert.deepEqual([ada.connection.rooms.size, bob.closes[0]?.code], [1, 4403])
  await ada.send({ op: 'subscribe', room: 'secret:bob' })
  assert.equal(ada.last().code, 'forbidden')
  await ada.send({ type: 'X', room: 'secret:ada' })
  assert.equal(ada.last().code, 'forbidden')
})

test('a kind of room makes names and takes them apart', () => {
  const room = defineRoom({ pattern: 'org:{org}:user:{user}' })
  assert.equal(room.room({ org: '1', user: 'a:b' }).name, 'org:1:user:a:b')
  assert.deepEqual(room.match('org:1:user:a:b'), { org: '1', user: 'a:b' })
  assert.equal(room.match('org:1'), undefined)
  for (const params of [{ org: '1:2', user: 'a' }, { org: '', user: 'a' }, { org: 'ü', user: 'a' }, {}]) {
    assert.throws(() => room.room(params as never), { code: 'ERR_ROOM_INVALID' })
  }
})

test('a wrong declaration is refused where it is made', () => {
  assert.throws(() => defineRoom({ pattern: 'a b' }), { code: 'ERR_ROOM_INVALID' })
  assert.throws(() => defineRoom({ pattern: 'a', messages: { WELCOME: z.string() } }), { code: 'ERR_MESSAGE_INVALID' })
  assert.throws(() => defineRoom({ pattern: 'a', history: { count: 0, ttl: '1h' } }), { code: 'ERR_OPTION_INVALID' })
  assert.throws(() => defineRoom({ pattern: 'a', delivery: 'often' as never }), { code: 'ERR_OPTION_INVALID' })
  assert.throws(() => defineRoom({} as never), { code: 'ERR_ROOM_INVALID', message: /undefined is no pattern/ })
  const wrong: readonly [object, RegExp][] = [
    [{ authorise: () => false }, /"authorise"\. Did you mean "authorize"/],
    [{ authorize: 'no' }, /authorize is no function/],
    [{ messages: { A: { data: 5 } } }, /rule of A is no Standard Schema/],
    [{ inbound: { A: 5 } }, /rule of A is no Standard Schema/],
    [{ messages: { A: { data: z.string(), histroy: 'none' } } }, /option of A: "histroy"/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => defineRoom({ pattern: 'a', ...options } as never), { code: 'ERR_OPTION_INVALID', message })
  }
})
