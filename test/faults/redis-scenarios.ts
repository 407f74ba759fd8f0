import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { eventually } from '../kit/eventually.js'
import type { TcpProxy } from '../services/proxy.js'
import { moveSlot, ownerOf, type RunningCluster } from '../services/redis-cluster.js'
import { halfOpen, linkScenarios } from './link-scenarios.js'
import type { Scenario } from './scenario.js'
import type { Server } from './stage.js'
import { workerScenarios } from './worker-scenarios.js'

/** Faults of a Redis that keeps what it has acknowledged. */
export const redisScenarios: readonly Scenario[] = [
  ...workerScenarios,
  {
    name: 'kill -9 of Redis, restart with AOF',
    async inflict({ stage: { server } }) {
      await server.kill('KILL')
      await pause(500)
      await server.restart()
    },
  },
  ...['command', 'worker', 'subscriber'].map(
    (role): Scenario => ({
      name: `CLIENT KILL of each ${role} connection`,
      inflict: ({ stage: { server } }) => ask(server, (redis) => killClients(redis, role)),
    }),
  ),
  ...linkScenarios,
  halfOpen(20_000),
  {
    name: 'CLIENT PAUSE for 5 s',
    async inflict({ stage: { server } }) {
      await ask(server, (redis) => redis.client('PAUSE', 5_000))
      await pause(5_000)
    },
  },
  {
    name: 'FLUSHALL',
    loses: true,
    inflict: async ({ stage: { server } }) => void (await ask(server, (redis) => redis.flushall())),
  },
]

export const restartWithLoss: Scenario = {
  name: 'kill -9 of Redis, restart without its data',
  loses: true,
  async inflict({ stage: { server } }) {
    await server.kill('KILL')
    await server.restart()
  },
}

/** A Redis that copies the one under test by way of a proxy. */
export interface Standby {
  readonly replica: Server
  readonly replication: TcpProxy
}

/** The replica misses what the master does in its last 300 ms. */
export function failover(standby: () => Standby): Scenario {
  return {
    name: 'failover to a replica that missed the tail',
    loses: true,
    async inflict({ stage: { server, links } }) {
      const { replica, replication } = standby()
      replication.hold()
      await pause(300)
      await server.kill('KILL')
      await ask(replica, (redis) => redis.replicaof('NO', 'ONE'))
      for (const link of Object.values(links)) link.aim(replica.port)
    },
  }
}

/** The Sentinel makes the replica the master. What the replica had not received yet is lost. */
export function sentinelFailover(replica: () => Server): Scenario {
  return {
    name: 'kill -9 of the master behind a Sentinel',
    loses: true,
    async inflict({ stage: { server } }) {
      await server.kill('KILL')
      await ask(replica(), (redis) =>
        eventually(async () => assert.match(await redis.info('replication'), /role:master/), { within: 30_000 }),
      )
    },
  }
}

/** The others make its replica the master. What the replica had not received yet is lost. */
export function clusterFailover(cluster: () => RunningCluster, key: string): Scenario {
  return {
    name: 'kill -9 of a master of the cluster',
    loses: true,
    async inflict() {
      const { nodes, kill } = cluster()
      const owner = await ownerOf(nodes, key)
      await kill(owner)
      const others = nodes.filter(({ port }) => port !== owner)
      await eventually(async () => assert.notEqual(await ownerOf(others, key), owner), { within: 30_000 })
    },
  }
}

/** The queue has another slot. */
export function slotMoved(cluster: () => RunningCluster, key: string): Scenario {
  return {
    name: 'the slot of the rooms is moved key by key, three times',
    async inflict({ messages }) {
      for (let round = 0; round < 3; round++) {
        const enough = messages.acknowledged.size + 20
        await moveSlot(cluster().nodes, key)
        await eventually(() => assert.ok(messages.acknowledged.size >= enough), { within: 30_000 })
      }
    },
  }
}

async function killClients(redis: Redis, role: string): Promise<void> {
  const list = String(await redis.client('LIST'))
  const ids = list.split('\n').flatMap((line) => new RegExp(`id=(\\d+) .* name=\\S*:${role} `).exec(line)?.[1] ?? [])
  if (ids.length === 0) throw new Error(`Redis has no ${role} connection: ${list}`)
  for (const id of ids) await redis.client('KILL', 'ID', id)
}

/** Asks the server past all proxies. */
async function ask<T>({ url }: Server, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url)
  try {
    return await question(redis)
  } finally {
    redis.disconnect()
  }
}
