import { Redis } from 'ioredis'
import { privateRedis } from '../services/redis.js'
import type { BenchQueue, Contender, Run, Use } from './bench-queue.js'
import { bareRedis } from './controls/redis.js'
import { type BeeQueue, beeQueue } from './peers/bee-queue.js'
import { type BullMq, bullMq } from './peers/bullmq.js'
import { peer, peersFrom, peerVersions } from './peers.js'
import { type QueueLoad, queueWorkloads } from './queue-workloads.js'
import { relayOf } from './relay.js'
import type { Suite } from './suite.js'
import { triportQueue } from './triport-queue.js'

/** Queue and rooms on one private Redis without persistence, which is emptied before each run. */
export async function redisSuite(share: number): Promise<Suite> {
  const service = await privateRedis({ aof: false })
  if (service.url === undefined) throw new Error(service.missing)
  const { url } = service
  const admin = new Redis(url)
  const connection = { host: '127.0.0.1', port: Number(new URL(url).port) }
  const bullmq = await peer<BullMq>('bullmq')
  const bee = await peer<BeeQueue>('bee-queue')

  const onEmpty = (open: (use: Use, run?: Run) => Promise<BenchQueue>): Contender => ({
    async open(use, run) {
      await admin.flushall()
      return open(use, run)
    },
  })
  const contenders: Record<string, Contender> = {
    triport: onEmpty((_, run) => triportQueue({ queue: { driver: 'redis', url }, concurrency: 200, run })),
    ...(bullmq ? { bullmq: onEmpty((use, run) => bullMq(bullmq, connection, use, run)) } : {}),
    ...(bee ? { 'bee-queue': onEmpty((use, run) => beeQueue(bee, connection, use, run)) } : {}),
    control: onEmpty((_, run) => bareRedis(url, run)),
  }
  const relay = await relayOf({
    driver: 'redis',
    share,
    subjects: [
      { name: 'triport', rooms: { driver: 'redis', url } },
      ...((await peer('socket.io')) ? [{ name: 'socket.io', url, peersFrom } as const] : []),
    ],
    reset: () => admin.flushall(),
    bars: { 'socket.io': 1 },
  })
  return {
    workloads: [...queueWorkloads({ driver: 'redis', load: loadOf(share), contenders, bars }), ...relay.workloads],
    versions: {
      redis: await versionOf(admin),
      ...peerVersions(['ioredis', 'bullmq', 'bee-queue', 'socket.io', '@socket.io/redis-adapter']),
    },
    async close() {
      relay.close()
      admin.disconnect()
      await service.stop()
    },
  }
}

/** What triport is to reach: so many times as good as each peer. */
const bars = {
  enqueue: { bullmq: 3, 'bee-queue': 1 },
  bulk: { bullmq: 5, 'bee-queue': 1 },
  drain: { bullmq: 4 },
  pickup: { bullmq: 1 },
  roundtrip: { bullmq: 4, 'bee-queue': 1 },
}

function loadOf(share: number): QueueLoad {
  const size = (full: number) => Math.max(100, Math.round(full * share))
  return {
    enqueue: size(20_000),
    bulk: size(100_000),
    drain: size(50_000),
    pickup: size(1_000),
    roundtrip: size(5_000),
    enqueuesInFlight: 100,
    roundtripsInFlight: 50,
    peace: 2,
  }
}

async function versionOf(admin: Redis): Promise<string> {
  return /redis_version:(\S+)/.exec(await admin.info('server'))?.[1] ?? 'unknown'
}
