import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { eventually } from '../kit/eventually.js'
import { type PrivateServer, running } from '../services/private-server.js'
import { startProxy } from '../services/proxy.js'
import { type PrivateRedisOptions, privateRedis } from '../services/redis.js'
import { type RedisClusterOptions, type RunningCluster, redisCluster } from '../services/redis-cluster.js'
import { startSentinel } from '../services/redis-sentinel.js'
import {
  clusterFailover,
  failover,
  redisScenarios,
  restartWithLoss,
  type Standby,
  sentinelFailover,
  slotMoved,
} from './redis-scenarios.js'
import { type Act, faultTests, long, played, printTable, type Setting } from './suite.js'
import { killedWithDefaultLease } from './worker-scenarios.js'

const probe = await privateRedis()
await probe.stop()

let standby: Standby
let heir: PrivateServer
let cluster: RunningCluster

/** What is played each time. `npm run test:long -- faults` plays all. */
const slice = /with 100 jobs in flight|restart with AOF|subscriber|FLUSHALL/

const acts: readonly Act[] = [
  {
    name: 'Redis with AOF',
    scenarios: played(redisScenarios, slice),
    open: async () => setOf(await redis()),
  },
  {
    name: 'Redis with the default lease',
    scenarios: long ? played([killedWithDefaultLease], slice) : [],
    open: async () => ({ ...setOf(await redis()), lease: 30_000 }),
  },
  {
    name: 'Redis in memory',
    scenarios: played([restartWithLoss], slice),
    open: async () => setOf(await redis({ aof: false })),
  },
  {
    name: 'Redis with a replica',
    scenarios: played([failover(() => standby)], slice),
    open: openFailover,
  },
  {
    name: 'Redis behind a Sentinel',
    scenarios: played([sentinelFailover(() => heir)], slice),
    open: openSentinel,
  },
  {
    name: 'Redis cluster with replicas',
    scenarios: played([clusterFailover(() => cluster, '{triport}:')], slice),
    open: () => openCluster({ replicas: true, nodeTimeout: 1_000 }),
  },
  {
    name: 'Redis cluster',
    scenarios: played([slotMoved(() => cluster, '{news}:')], slice),
    open: () => openCluster({}, 'news'),
  },
]

for (const act of acts) if (act.scenarios.length > 0) faultTests(act, probe.missing)
printTable()

async function openFailover(): Promise<Setting> {
  const master = await redis()
  const replication = await startProxy(master.port)
  const replica = await replicaOf(replication.port)
  standby = { replica, replication }
  return setOf(master, async () => {
    await replication.close()
    await replica.stop()
  })
}

async function replicaOf(port: number): Promise<PrivateServer> {
  const replica = await redis({ replicaOf: port })
  await eventually(async () => assert.match(await replicationOf(replica), /master_link_status:up/))
  return replica
}

/** A Sentinel finds replicas by asking the master, so there is no proxy between them. */
async function openSentinel(): Promise<Setting> {
  const master = await redis()
  const replica = await replicaOf(master.port)
  heir = replica
  const sentinel = await startSentinel('main', { host: '127.0.0.1', port: master.port }, 1_000)
  const closeOthers = async () => void (await Promise.all([sentinel.stop(), replica.stop()]))
  const redisOf = { driver: 'redis', sentinel: { name: 'main', nodes: [{ host: '127.0.0.1', port: sentinel.port }] } }
  return { ...setOf(master, closeOthers), backend: () => ({ queue: redisOf, rooms: redisOf }) }
}

/** Processes reach the nodes without a proxy. */
async function openCluster(options: RedisClusterOptions, roomsNamespace = 'triport'): Promise<Setting> {
  const service = await redisCluster(options)
  if (service.missing !== false) throw new Error(service.missing)
  cluster = service
  const { nodes, kill, stop } = service
  const { port = 0 } = nodes[0] ?? {}
  const server = { url: `redis://127.0.0.1:${port}`, port, kill: () => kill(port), restart: () => assert.fail() }
  const redisOf = (namespace: string) => ({ driver: 'redis', cluster: { nodes }, namespace })
  return {
    server,
    lease: 2_000,
    backend: () => ({ queue: redisOf('triport'), rooms: redisOf(roomsNamespace) }),
    close: stop,
  }
}

function setOf(server: PrivateServer, closeOthers = async () => {}): Setting {
  const redis = (url: string) => ({ driver: 'redis', url })
  return {
    server,
    lease: 2_000,
    backend: (url: string) => ({ queue: redis(url), rooms: redis(url) }),
    async close() {
      await server.stop()
      await closeOthers()
    },
  }
}

async function redis(options?: PrivateRedisOptions): Promise<PrivateServer> {
  return running(await privateRedis(options))
}

async function replicationOf({ url }: PrivateServer): Promise<string> {
  const redis = new Redis(url)
  try {
    return await redis.info('replication')
  } finally {
    redis.disconnect()
  }
}
