import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RoomMessage, RoomsDriver, RoomsListener } from '../../../core/ports/rooms.js'
import type { ConnectOptions } from '../../../core/rooms/connection.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { type Client, settled, startNode, type TestNode } from './node.js'

/** Memory rooms whose messages and replies arrive when the test says so. */
interface SlowRooms extends RoomsDriver {
  /** Messages on their way to the node, in order. */
  readonly messages: RoomMessage[]
  /** Replies to `subscribe` and `read` on their way. Calling one lets it arrive. */
  readonly replies: (() => void)[]
  arrive(message: RoomMessage | undefined): void
}

function slowRooms(): SlowRooms {
  const inner = memoryRooms()
  const messages: RoomMessage[] = []
  const replies: (() => void)[] = []
  let listener: RoomsListener | undefined
  async function slowly<T>(reply: Promise<T>): Promise<T> {
    const value = await reply
    await new Promise<void>((resolve) => replies.push(resolve))
    return value
  }
  return {
    ...inner,
    messages,
    replies,
    arrive: (message) => message && listener?.message(message),
    listen(target) {
      listener = target
      inner.listen({ message: (message) => void messages.push(message), state() {} })
    },
    subscribe: (rooms) => slowly(inner.subscribe(rooms)),
    read: (room, range) => slowly(inner.read(room, range)),
  }
}

const steps = ['publish', 'join', 'leave', 'reply', 'message', 'lose', 'repeat', 'wake'] as const
type Step = (typeof steps)[number]

interface World {
  readonly driver: SlowRooms
  readonly node: TestNode
  readonly clients: Client[]
  published: number
}

/** What each step does to the world. Numbers pick who or what it is about. */
const effects: Readonly<Record<Step, (world: World, pick: number) => void | Promise<unknown>>> = {
  publish: (world) => world.node.rooms.broadcastToRoom('room', numbered(++world.published)),
  join: ({ node, clients }, pick) =>
    void clients.push(node.connect({ rooms: ['room'], replay: replays[pick % 3] ?? 'none' })),
  leave: ({ clients }, pick) => clients.splice(pick % (clients.length || 1), 1)[0]?.vanish(),
  reply: ({ driver }, pick) => driver.replies.splice(pick % (driver.replies.length || 1), 1)[0]?.(),
  message: ({ driver }) => driver.arrive(driver.messages.shift()),
  lose: ({ driver }) => void driver.messages.shift(),
  repeat: ({ driver }) => driver.arrive(driver.messages[0]),
  wake({ driver }) {
    const [message] = driver.messages.splice(0, 1)
    if (message) driver.arrive({ room: message.room, ...(message.position && { position: message.position }) })
  },
}

const replays = ['latest', 3, 'none'] as const
const numbered = (n: number) => ({ type: 'WORKFLOW_UPDATE', data: n })

/** Lets everything arrive that is under way, until nothing is. */
async function finish({ driver, node }: World): Promise<void> {
  await node.rooms.broadcastToRoom('room', numbered(0))
  for (;;) {
    await settled()
    const message = driver.messages.shift()
    const reply = driver.replies.shift()
    if (!message && !reply) return
    driver.arrive(message)
    reply?.()
  }
}

/** Every frame about the room: the history, SUBSCRIBED, then what came live. */
function checkClient(client: Client, head: number): void {
  const frames = client.frames().filter(({ room }) => room === 'room')
  const at = frames.findIndex(({ type }) => type === 'SUBSCRIBED')
  const subscribed = frames[at]
  assert.ok(subscribed, 'the client is in the room')
  assert.equal(subscribed.replayed, at)
  const seqs = [...frames.slice(0, at), ...frames.slice(at + 1)].map(({ seq }) => seq as number)
  const history = seqs.slice(0, at)
  assert.deepEqual(seqs, range(seqs[0] ?? (subscribed.seq as number) + 1, head), 'contiguous to the end')
  if (at > 0) assert.equal(history.at(-1), subscribed.seq)
  if (seqs.length > at) assert.equal(seqs[at], (subscribed.seq as number) + 1)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

/** What makes progress happens more often than what disturbs it. */
const often: readonly Step[] = ['publish', 'message', 'reply']
const step = fc.tuple(fc.constantFrom(...steps, ...often, ...often, ...often), fc.nat(20))

test('whatever arrives late, twice or never: a member gets history, then everything live, once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 100, size: 'max' }), async (script) => {
      const driver = slowRooms()
      const node = await startNode({ rooms: driver })
      const world: World = { driver, node, clients: [], published: 0 }
      for (const [name, pick] of script) {
        await effects[name](world, pick)
        if (pick % 4) await settled()
      }
      await finish(world)
      for (const client of world.clients) checkClient(client, world.published + 1)
      assert.deepEqual(node.report.reports, [])
    }),
    { numRuns: 400 },
  )
})

test('a page opened at 63 per cent sees 63 at once, and what follows', async () => {
  const node = await startNode()
  for (const percent of [10, 63]) await node.rooms.broadcastToRoom('room', numbered(percent))
  const client = await node.joined({ rooms: ['room'], meta: false })
  await node.rooms.broadcastToRoom('room', numbered(64))
  await settled()
  assert.deepEqual(
    client.frames().map(({ data, seq }) => [data, seq]),
    [
      [63, 2],
      [64, 3],
    ],
  )
})

test('a late joiner gets as much of the history as it asks for', async () => {
  const node = await startNode()
  for (let n = 1; n <= 5; n++) await node.rooms.broadcastToRoom('room', numbered(n))
  const received = async (replay: 'latest' | 'none' | number) => {
    const client = await node.joined({ rooms: ['room'], replay })
    return client.messages().map(({ data }) => data)
  }
  assert.deepEqual(await received('none'), [])
  assert.deepEqual(await received(0), [])
  assert.deepEqual(await received('latest'), [5])
  assert.deepEqual(await received(3), [3, 4, 5])
  assert.deepEqual(await received(100), [1, 2, 3, 4, 5])
})

test('a member that leaves while it joins is not in the room afterwards', async () => {
  const driver = slowRooms()
  const node = await startNode({ rooms: driver })
  const client = node.connect()
  await finish({ driver, node, clients: [], published: 0 })
  const joined = client.connection.join('room')
  client.connection.leave('room')
  await settled()
  for (const reply of driver.replies.splice(0)) reply()
  await joined
  assert.deepEqual([node.rooms.members('room'), [...client.connection.rooms]], [0, []])
  assert.ok(!client.frames().some(({ type }) => type === 'SUBSCRIBED'))
})

/** A client whose join waits for the broker, while the room floods. */
async function flooded(text: string, count: number, options: ConnectOptions) {
  const driver = slowRooms()
  const node = await startNode({ rooms: driver })
  const client = node.connect({ authorize: () => true, ...options })
  await settled()
  driver.replies.shift()?.() // The node can be reached.
  await settled()
  if (!options.rooms) await client.send({ op: 'subscribe', ref: '1', room: 'room' })
  for (let n = 0; n < count; n++) driver.arrive({ room: 'room', text })
  await finish({ driver, node, clients: [], published: 0 })
  assert.deepEqual(node.report.reports, [])
  return { driver, node, client }
}

test('a room that floods a connection which is still joining it closes that connection, which came for nothing else', async () => {
  const { node, client } = await flooded('{"type":"X","data":1}', 1_001, { rooms: ['room'] })
  assert.deepEqual([client.last().code, client.last().retryable], ['room_busy', true])
  assert.deepEqual(client.closes, [{ code: 1013, reason: 'room_busy' }])
  assert.equal(node.rooms.members('room'), 0)
})

for (const [what, text, count] of [
  ['many messages', '{"type":"X","data":1}', 1_001],
  ['large ones', `{"type":"X","data":"${'x'.repeat(600_000)}"}`, 3],
] as const) {
  test(`a room that floods a client which is still subscribing with ${what} costs it that subscription only`, async () => {
    const { driver, node, client } = await flooded(text, count, {})
    const { type, ref, room, code, retryable } = client.last()
    assert.deepEqual([type, ref, room, code, retryable], ['ERROR', '1', 'room', 'room_busy', true])
    assert.deepEqual([client.closes, client.messages(), node.rooms.members('room')], [[], [], 0])
    await client.send({ op: 'subscribe', ref: '2', room: 'room' })
    await finish({ driver, node, clients: [], published: 0 })
    assert.ok(client.frames().some(({ type, ref }) => type === 'SUBSCRIBED' && ref === '2'))
  })
}
