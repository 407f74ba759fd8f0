import { after, test } from 'node:test'
import fc from 'fast-check'
import { roomsFuzz } from '../conformance/rooms/fuzz/rooms-fuzz.js'
import { redisService } from '../services/redis.js'
import { redisRoomsHarness } from './redis-rooms-harness.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }
const service = await redisService()
after(() => service.stop())

roomsFuzz({
  test: (name, run) => test(name, { skip: service.missing }, run),
  fc,
  create: () => redisRoomsHarness(service.url ?? ''),
  patience: 2_000,
  runs: TRIPORT_LONG ? 300 : 12,
  ...seed,
})
