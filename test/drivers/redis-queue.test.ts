import { after, test } from 'node:test'
import { queueConformance } from '../conformance/queue/index.js'
import { redisService } from '../services/redis.js'
import { redisHarness } from './redis-harness.js'

const service = await redisService()
after(() => service.stop())

queueConformance({
  test: (name, run) => test(`redis: ${name}`, { skip: service.missing }, run),
  create: () => redisHarness({ url: service.url ?? '' }),
})
