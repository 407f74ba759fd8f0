import { after, test } from 'node:test'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { redisService } from '../services/redis.js'
import { redisRoomsHarness } from './redis-rooms-harness.js'

const service = await redisService()
after(() => service.stop())
const withRedis = { skip: service.missing }
const url = service.url ?? ''

roomsConformance({ test: (name, run) => test(name, withRedis, run), create: () => redisRoomsHarness(url) })

roomsConformance({
  test: (name, run) => test(`sharded: ${name}`, withRedis, run),
  create: () => redisRoomsHarness(url, { sharded: true }),
})
