import { after, test } from 'node:test'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { redisService } from '../services/redis.js'
import { redisRoomsHarness } from './redis-rooms-harness.js'

const service = await redisService()
after(() => service.stop())
const withRedis = { skip: service.missing }
const url = service.url ?? ''

roomsConformance({ test: (name, run) => test(name, withRedis, run), create: () => redisRoomsHarness(url) })

/** What the normal run leaves out is the core's, and played without shards. */
const always = /^rooms driver: (?!rooms over it)/

roomsConformance({
  test(name, run) {
    if (process.env.TRIPORT_LONG || always.test(name)) test(`sharded: ${name}`, withRedis, run)
  },
  create: () => redisRoomsHarness(url, { sharded: true }),
})
