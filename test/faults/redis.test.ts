import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { eventually } from '../kit/eventually.js'
import { type PrivateServer, running } from '../services/private-server.js'
import { startProxy } from '../services/proxy.js'
import { type PrivateRedisOptions, privateRedis } from '../services/redis.js'
import { failover, redisScenarios, restartWithLoss, type Standby } from './redis-scenarios.js'
import { type Act, faultTests, long, played, printTable, type Setting } from './suite.js'
import { killedWithDefaultLease } from './worker-scenarios.js'

const probe = await privateRedis()
await probe.stop()

let standby: Standby

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
]

for (const act of acts) if (act.scenarios.length > 0) faultTests(act, probe.missing)
printTable()

async function openFailover(): Promise<Setting> {
  const master = await redis()
  const replication = await startProxy(master.port)
  const replica = await redis({ replicaOf: replication.port })
  standby = { replica, replication }
  await eventually(async () => assert.match(await replicationOf(replica), /master_link_status:up/))
  return setOf(master, async () => {
    await replication.close()
    await replica.stop()
  })
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
