import { after, test } from 'node:test'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { queueFuzz } from '../conformance/queue/fuzz/queue-fuzz.js'
import { redisService } from '../services/redis.js'
import { redisHarness } from './redis-harness.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

const service = await redisService()
const client = service.url === undefined ? undefined : new Redis(service.url)
after(async () => {
  client?.disconnect()
  await service.stop()
})

queueFuzz({
  test: (name, run) => test(`redis: ${name}`, { skip: service.missing }, run),
  fc,
  // One client for all: that a scenario begins with connecting would take most of the time.
  create: () => redisHarness(client ? { client } : {}),
  runs: TRIPORT_LONG ? 2_000 : 25,
  ...seed,
})
