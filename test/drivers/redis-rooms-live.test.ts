import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { type Clock, systemClock } from '../../core/clock.js'
import type { RoomMessage, RoomsDriver } from '../../core/ports/rooms.js'
import { redisRooms } from '../../drivers/redis/rooms.js'
import { dataOf, outgoing } from '../conformance/rooms/harness.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { startProxy } from '../services/proxy.js'
import { redisService } from '../services/redis.js'
import { type RedisRoomsHarness, redisRoomsHarness } from './redis-rooms-harness.js'

const service = await redisService()
after(() => service.stop())
const withRedis = { skip: service.missing }
const url = service.url ?? ''
const inLongRuns = { skip: service.missing || (!process.env.TRIPORT_LONG && 'it takes ten seconds: npm run test:long') }

test(
  'redis rooms: two processes publish to a room, and two others hear one order without holes',
  withRedis,
  async (t) => {
    const { namespace } = await harnessOf(t)
    const hearing = ['one', 'two'].map(() => play('hear', url, namespace, 'room', '1000'))
    await Promise.all(hearing.map(({ line }) => line()))
    const publishing = ['a', 'b'].map((name) => play('publish', url, namespace, 'room', name, '500'))
    await Promise.all(publishing.map(({ line }) => line()))
    const [one, two] = (await Promise.all(hearing.map(({ line }) => line()))).map(
      (line) => JSON.parse(line) as string[],
    )
    assert.deepEqual(one, two)
    assert.deepEqual(
      one?.map((text) => Number(text.split(' ')[0])),
      Array.from({ length: 1_000 }, (_, n) => n + 1),
    )
    for (const name of ['a', 'b']) {
      const own: string[] | undefined = one
        ?.map((text) => text.split(' ')[1] ?? '')
        .filter((text) => text.startsWith(name))
      assert.deepEqual(
        own,
        Array.from({ length: 500 }, (_, n) => `${name}${n}`),
      )
    }
  },
)

test('redis rooms: who only publishes has one connection, and none that listens', withRedis, async (t) => {
  const { driver, links, node } = await harnessOf(t)
  const worker = await node(driver())
  await worker.driver.publish([outgoing('room', 'text')])
  await worker.driver.read('room', { newest: 1 })
  assert.equal(links(worker.driver), 1)
  await worker.driver.subscribe(['room'])
  assert.equal(links(worker.driver), 2)
})

test('redis rooms: another database of the server hears nothing', withRedis, async (t) => {
  const { driver, namespace, node } = await harnessOf(t)
  const inFirst = await node(driver())
  const inSecond = await node(redisRooms({ url, namespace, db: 1 }))
  for (const { driver } of [inFirst, inSecond]) await driver.subscribe(['room'])
  await inFirst.driver.publish([{ ...outgoing('room', 'of the first'), retention: 'none' }])
  await inSecond.driver.publish([{ ...outgoing('room', 'of the second'), retention: 'none' }])
  await eventually(() => inSecond.heard.length > 0)
  assert.equal(inSecond.heard.length, 1)
  assert.match(inSecond.heard[0]?.text ?? '', /of the second/)
})

test('redis rooms: publishes keep their order when Redis has forgotten the script', withRedis, async (t) => {
  const { admin, driver, node } = await harnessOf(t)
  const { driver: publisher } = await node(driver())
  for (let round = 1; round <= 5; round++) {
    const before = Array.from({ length: 20 }, (_, n) => publisher.publish([outgoing('room', `${round} ${n}`)]))
    await admin.script('FLUSH')
    const later = Array.from({ length: 20 }, (_, n) => publisher.publish([outgoing('room', `${round} ${20 + n}`)]))
    const seqs = (await Promise.all([...before, ...later])).map(([position]) => position?.seq)
    assert.deepEqual(
      seqs,
      seqs.map((_, n) => 40 * (round - 1) + n + 1),
    )
  }
})

test('redis rooms: messages one by one and messages together make one log', withRedis, async (t) => {
  const { driver, node } = await harnessOf(t)
  const { driver: publisher } = await node(driver())
  const message = (n: number) => outgoing('room', `text ${n}`, { id: `id ${n}`, retention: { count: 16, ttl: 60_000 } })
  const publish = async (...numbers: number[]) =>
    (await publisher.publish(numbers.map(message))).map((position) => position?.seq)
  assert.deepEqual(await publish(1), [1])
  assert.deepEqual(await publish(1), [1])
  assert.deepEqual(await publish(2), [2])
  assert.deepEqual(await publish(2, 3, 1), [2, 3, 1])
  assert.deepEqual(await publish(3), [3])
  for (let n = 4; n <= 40; n++) assert.deepEqual(await publish(n), [n])
  assert.deepEqual(await publish(17), [17])
  const { head, low, entries } = await publisher.read('room', { newest: 100 })
  assert.equal(head, 40)
  assert.ok(low >= 40 - 18 + 1 && low <= 40 - 16 + 1, `it begins at ${low}`)
  assert.deepEqual(
    entries.map(({ seq, text }) => [seq, dataOf(text)]),
    entries.map((_, n) => [low + n, `text ${low + n}`]),
  )
})

test('redis rooms: more messages than fit one call keep their places, kept or not', withRedis, async (t) => {
  const { driver, node } = await harnessOf(t)
  const { driver: publisher } = await node(driver())
  const messages = Array.from({ length: 1_200 }, (_, n) =>
    outgoing('room', `${n}`, n % 3 === 0 ? { retention: 'none' } : {}),
  )
  const positions = await publisher.publish(messages)
  assert.deepEqual(
    positions.map((position) => position?.seq),
    messages.map((_, n) => (n % 3 === 0 ? undefined : n - Math.floor(n / 3))),
  )
})

test('redis rooms: messages that are not kept reach rooms of any name', withRedis, async (t) => {
  const { driver, node } = await harnessOf(t)
  const hearing = await node(driver())
  await hearing.driver.subscribe(['room', '1'])
  await hearing.driver.publish(['room', '1'].map((room) => outgoing(room, room, { retention: 'none' })))
  await eventually(() => assert.deepEqual(hearing.heard.map(({ text }) => dataOf(text)).toSorted(), ['1', 'room']))
})

test(
  'redis rooms: a node that is too slow is dropped, told, and finds what it missed in the log',
  withRedis,
  async (t) => {
    const { admin, driver, node, proxyOf } = await harnessOf(t)
    await admin.config('SET', 'client-output-buffer-limit', 'pubsub 100kb 50kb 1')
    const [a, b] = [await node(driver()), await node(driver())]
    await b.driver.subscribe(['room'])
    proxyOf(b.driver).hold()
    const text = 'x'.repeat(100_000)
    for (let n = 0; n < 100; n++)
      await a.driver.publish([outgoing('room', text, { retention: { count: 200, ttl: 60_000 } })])
    proxyOf(b.driver).release()
    await eventually(() => assert.deepEqual(b.states.slice(-2), ['down', 'up']), { within: 15_000 })
    const { entries } = await b.driver.read('room', { after: 0, limit: 200 })
    assert.equal(entries.length, 100)
    await a.driver.publish([outgoing('room', 'fence')])
    await eventually(() => assert.ok(b.heard.some(({ position }) => position?.seq === 101)))
    await admin.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60')
  },
)

test('redis rooms: a half-open link is noticed, and told as any other loss', inLongRuns, async (t) => {
  const { driver, node, proxyOf } = await harnessOf(t)
  const b = await node(driver())
  await b.driver.subscribe(['room'])
  proxyOf(b.driver).swallow()
  const asked = b.driver.read('room', { newest: 1 })
  await assert.rejects(asked, { code: 'ERR_BROKER_UNAVAILABLE', retryable: true })
  await eventually(() => assert.equal(b.states.at(-1), 'down'), { within: 20_000 })
  proxyOf(b.driver).accept()
  await eventually(() => assert.equal(b.states.at(-1), 'up'), { within: 20_000 })
})

test(
  'redis rooms: what a client of the application sends again after its link broke reaches Redis once',
  withRedis,
  async (t) => {
    const { namespace, admin } = await harnessOf(t)
    const proxy = await startProxy(Number(new URL(url).port))
    const client = new Redis(proxy.via(url), { retryStrategy: () => 20 })
    client.on('error', () => {}) // The link that the test breaks.
    const rooms = redisRooms({ client, namespace })
    t.after(async () => {
      await rooms.stop?.()
      client.disconnect()
      await proxy.close()
    })
    rooms.listen({ message() {}, state() {} })
    await rooms.start?.(driverContext())
    await rooms.publish([outgoing('room', 'first')])
    await admin.client('PAUSE', 200, 'WRITE')
    const published = rooms.publish([outgoing('room', 'second')])
    proxy.sever()
    const [position] = await published
    assert.equal(position?.seq, 2)
    await eventually(async () => {
      const { head, entries } = await rooms.read('room', { newest: 10 })
      assert.deepEqual([head, entries.length], [2, 2])
    })
  },
)

test(
  'redis rooms: what others publish on the channel of a room ends no process, and hides no message',
  withRedis,
  async (t) => {
    const { driver, node, namespace, admin } = await harnessOf(t)
    const { driver: rooms, heard } = await node(driver())
    await rooms.subscribe(['room'])
    for (const news of ['', 'x', 'abcdef01:41']) await admin.publish(`{${namespace}}:roomnews:room`, news)
    await rooms.publish([outgoing('room', 'text')])
    await eventually(() =>
      assert.deepEqual(
        heard.map(({ position }) => position?.seq),
        [1],
      ),
    )
  },
)

test('redis rooms: another server is noticed though no link breaks', withRedis, async (t) => {
  const { admin, driver, node } = await harnessOf(t)
  const clock = createFakeClock()
  const b = await node(driver(), clock)
  await b.driver.subscribe(['room'])
  await clock.advance(1)
  await b.driver.publish([outgoing('room', 'text')])
  // A replica of nobody gets an id of its own when it is made the master.
  await admin.replicaof('127.0.0.1', '1')
  await admin.replicaof('NO', 'ONE')
  await eventually(async () => {
    await clock.advance(1_000)
    assert.deepEqual(b.states, ['down', 'up'])
  })
})

test('redis rooms: everything expires, and takes bounded memory', withRedis, async (t) => {
  const { admin, driver, namespace, node } = await harnessOf(t)
  const { driver: a } = await node(driver())
  const latest = { count: 1, ttl: 60_000 }
  for (let n = 0; n < 50; n++)
    await a.publish([outgoing('state', 'x'.repeat(200), { retention: latest, fresh: n % 2 === 0 })])
  for (let n = 0; n < 500; n++) await a.publish([outgoing('log', 'text', { retention: { count: 100, ttl: 60_000 } })])
  await a.subscribe(['empty'])
  await a.presence.enter([{ room: 'state', id: '1', info: '' }], 30_000)
  const keys = await admin.keys(`{${namespace}}:*`)
  for (const key of keys) assert.ok((await admin.pttl(key)) > 0, `${key} is kept for ever`)
  assert.equal(await admin.llen(`{${namespace}}:roomlog:state`), 1)
  assert.ok((await admin.llen(`{${namespace}}:roomlog:log`)) <= 113)
  assert.ok(!keys.some((key) => key.endsWith('roomlog:empty')))
})

/** A harness that ends with the test, and nodes that note what they hear. */
async function harnessOf(t: TestContext): Promise<RedisRoomsHarness & Nodes> {
  const harness = await redisRoomsHarness(url)
  const drivers: RoomsDriver[] = []
  t.after(async () => {
    for (const driver of drivers) await driver.stop?.()
    await harness.stop()
  })
  return {
    ...harness,
    links: (driver) => harness.proxyOf(driver).links,
    async node(driver, clock = systemClock) {
      drivers.push(driver)
      const heard: RoomMessage[] = []
      const states: string[] = []
      driver.listen({ message: (message) => void heard.push(message), state: (state) => void states.push(state) })
      await driver.start?.(driverContext({ clock, instanceId: crypto.randomUUID() }))
      return { driver, heard, states }
    },
  }
}

interface Nodes {
  links(driver: RoomsDriver): number
  node(
    driver: RoomsDriver,
    clock?: Clock,
  ): Promise<{
    readonly driver: RoomsDriver
    readonly heard: readonly RoomMessage[]
    readonly states: readonly string[]
  }>
}

/** A node in a process of its own. */
function play(...args: readonly string[]): { line(): Promise<string> } {
  const program = fileURLToPath(new URL('redis-rooms-node.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)
  const iterator = lines[Symbol.asyncIterator]()
  return { line: async () => String((await iterator.next()).value) }
}
