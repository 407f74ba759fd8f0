import assert from 'node:assert/strict'
import { Cluster, Redis } from 'ioredis'
import type { BrokerState, RoomsDriver } from '../../core/ports/rooms.js'
import type { RedisNode } from '../../drivers/redis/library.js'
import { type RedisRoomsOptions, redisRooms } from '../../drivers/redis/rooms.js'
import type { RoomsHarness } from '../conformance/rooms/harness.js'
import { eventually } from '../kit/eventually.js'
import { startProxy, type TcpProxy } from '../services/proxy.js'

/** A namespace of its own on a Redis, and a proxy in front of it for each node. */
export interface RedisRoomsHarness extends RoomsHarness {
  readonly namespace: string
  readonly admin: Redis
  proxyOf(driver: RoomsDriver): TcpProxy
}

/** What the drivers have besides the address and the namespace. */
type Options = Pick<RedisRoomsOptions, 'sharded'>

export async function redisRoomsHarness(url: string, options: Options = {}): Promise<RedisRoomsHarness> {
  const admin = new Redis(url)
  const harness = await harnessOver(admin, async () => {
    const proxy = await startProxy(Number(new URL(url).port))
    return { proxies: [proxy], options: { ...options, url: proxy.via(url) } }
  })
  return { ...harness, admin }
}

/** On a cluster. Every driver reaches every node of it by a proxy of its own. */
export async function redisClusterRoomsHarness(
  cluster: readonly RedisNode[],
  options: Options = {},
): Promise<RoomsHarness> {
  return await harnessOver(new Cluster([...cluster]), async () => {
    const proxies = await Promise.all(cluster.map(({ port }) => startProxy(port as number)))
    const nodes = proxies.map(({ port }) => ({ host: '127.0.0.1', port }))
    const natMap = Object.fromEntries(
      cluster.map(({ host, port }, place) => [`${host}:${port}`, nodes[place] as Address]),
    )
    return { proxies, options: { ...options, cluster: { nodes, natMap } } }
  })
}

type Address = Required<RedisNode>

/** What leads from one driver to Redis. */
interface Way {
  readonly proxies: readonly TcpProxy[]
  readonly options: RedisRoomsOptions
}

async function harnessOver(
  admin: Redis | Cluster,
  open: () => Promise<Way>,
): Promise<Omit<RedisRoomsHarness, 'admin'>> {
  const namespace = `test-${crypto.randomUUID()}`
  const prefix = `{${namespace}}:`
  const spare = await Promise.all(Array.from({ length: mostNodes }, open))
  const nodes = new Map<RoomsDriver, PlayedNode>()
  let offset = 0

  function driver(): RoomsDriver {
    const way = spare.pop()
    assert.ok(way, `the harness has ways for ${mostNodes} nodes`)
    const inner = redisRooms({ ...way.options, namespace, clockOffset: () => offset })
    const node: PlayedNode = { proxies: way.proxies, states: [], cut: false }
    const played: RoomsDriver = {
      ...inner,
      // Attempts to connect follow each other quickly.
      start: (context) => inner.start?.({ ...context, random: () => 0.02 }) ?? Promise.resolve(),
      listen(listener) {
        const state = (next: BrokerState): void => {
          node.states.push(next)
          listener.state(next)
        }
        inner.listen({ ...listener, message: (message) => listener.message(message), state })
      },
    }
    nodes.set(played, node)
    return played
  }

  function nodeOf(driver: RoomsDriver): PlayedNode {
    const node = nodes.get(driver)
    assert.ok(node, 'the driver is not of this harness')
    return node
  }

  return {
    namespace,
    driver,
    proxyOf: (driver) => nodeOf(driver).proxies[0] as TcpProxy,
    async advance(ms) {
      offset += ms
    },
    async interrupt(driver) {
      const node = nodeOf(driver)
      node.cut = true
      await cut(node)
      return async () => {
        node.cut = false
        await heal(node)
      }
    },
    async lose(room, count) {
      if (count === undefined) return void (await admin.del(keysOf(prefix, room)))
      const others = [...nodes.values()].filter((node) => !node.cut && isLinked(node))
      await Promise.all(others.map(cut))
      await loseEnd(admin, prefix, room, count)
      await Promise.all(others.map(heal))
    },
    async stop() {
      admin.disconnect()
      await Promise.all([...spare, ...nodes.values()].flatMap(({ proxies }) => proxies).map((proxy) => proxy.close()))
    },
  }
}

interface PlayedNode {
  readonly proxies: readonly TcpProxy[]
  readonly states: BrokerState[]
  cut: boolean
}

const mostNodes = 6

function isLinked({ proxies }: PlayedNode): boolean {
  return proxies.some(({ links }) => links > 0)
}

async function cut({ proxies, states }: PlayedNode): Promise<void> {
  for (const proxy of proxies) {
    proxy.refuse()
    proxy.sever()
  }
  await eventually(() => assert.equal(states.at(-1), 'down'))
}

async function heal({ proxies, states }: PlayedNode): Promise<void> {
  for (const proxy of proxies) proxy.accept()
  await eventually(() => assert.equal(states.at(-1), 'up'), { within: 10_000 })
}

function keysOf(prefix: string, room: string): string[] {
  return ['room:', 'roomlog:', 'roomids0:', 'roomids1:'].map((kind) => prefix + kind + room)
}

/** What a replica has that missed the newest messages. */
async function loseEnd(admin: Redis | Cluster, prefix: string, room: string, count: number): Promise<void> {
  const [meta = '', log = '', ...ids] = keysOf(prefix, room)
  const lost = Math.min(count, await admin.llen(log))
  if (lost === 0) return
  await admin.rpop(log, lost)
  // The head, as drivers/redis/scripts/rooms.ts has it: where the log is, and the id of the message there.
  const place = (await admin.hgetBuffer(meta, 'h'))?.subarray(0, 20) ?? Buffer.alloc(20)
  const seq = place.readUIntBE(14, 6) - lost
  place.writeUIntBE(seq, 14, 6)
  // Ids that nobody publishes again are in the messages only.
  let last = /"id":"([^"]+)"/.exec((await admin.lindex(log, -1)) ?? '')?.[1] ?? ''
  for (const key of ids) {
    for (const [id, at] of Object.entries(await admin.hgetall(key))) {
      if (Number(at) > seq) await admin.hdel(key, id)
      if (Number(at) === seq) last = id
    }
  }
  await admin.hset(meta, 'h', Buffer.concat([place, Buffer.from(last)]))
}
