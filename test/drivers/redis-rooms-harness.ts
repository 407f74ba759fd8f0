import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import type { BrokerState, RoomsDriver } from '../../core/ports/rooms.js'
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

/** @param options What the drivers have besides url and namespace. */
export async function redisRoomsHarness(
  url: string,
  options: Omit<RedisRoomsOptions, 'url' | 'namespace'> = {},
): Promise<RedisRoomsHarness> {
  const namespace = `test-${crypto.randomUUID()}`
  const prefix = `{${namespace}}:`
  const admin = new Redis(url)
  const spare = await Promise.all(Array.from({ length: mostNodes }, () => startProxy(Number(new URL(url).port))))
  const nodes = new Map<RoomsDriver, PlayedNode>()
  let offset = 0

  function driver(): RoomsDriver {
    const proxy = spare.pop()
    assert.ok(proxy, `the harness has ${mostNodes} proxies`)
    const inner = redisRooms({ ...options, url: proxy.via(url), namespace }, { clockOffset: () => offset })
    const node: PlayedNode = { proxy, states: [], cut: false }
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
    admin,
    driver,
    proxyOf: (driver) => nodeOf(driver).proxy,
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
      const others = [...nodes.values()].filter((node) => !node.cut && node.proxy.links > 0)
      await Promise.all(others.map(cut))
      await loseEnd(admin, prefix, room, count)
      await Promise.all(others.map(heal))
    },
    async stop() {
      admin.disconnect()
      await Promise.all([...spare, ...[...nodes.values()].map(({ proxy }) => proxy)].map((proxy) => proxy.close()))
    },
  }
}

interface PlayedNode {
  readonly proxy: TcpProxy
  readonly states: BrokerState[]
  cut: boolean
}

const mostNodes = 6

async function cut({ proxy, states }: PlayedNode): Promise<void> {
  proxy.refuse()
  proxy.sever()
  await eventually(() => assert.equal(states.at(-1), 'down'))
}

async function heal({ proxy, states }: PlayedNode): Promise<void> {
  proxy.accept()
  await eventually(() => assert.equal(states.at(-1), 'up'), { within: 10_000 })
}

function keysOf(prefix: string, room: string): string[] {
  return ['room:', 'roomlog:', 'roomids0:', 'roomids1:'].map((kind) => prefix + kind + room)
}

/** What a replica has that missed the newest messages. */
async function loseEnd(admin: Redis, prefix: string, room: string, count: number): Promise<void> {
  const [meta = '', log = '', ...ids] = keysOf(prefix, room)
  const lost = Math.min(count, await admin.llen(log))
  if (lost === 0) return
  await admin.rpop(log, lost)
  const seq = await admin.hincrby(meta, 's', -lost)
  await admin.hdel(meta, 'i')
  for (const key of ids) {
    for (const [id, at] of Object.entries(await admin.hgetall(key))) {
      if (Number(at) > seq) await admin.hdel(key, id)
      if (Number(at) === seq) await admin.hset(meta, 'i', id)
    }
  }
}
