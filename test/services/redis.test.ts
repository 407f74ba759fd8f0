import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { redisService } from './redis.js'

const service = await redisService()
after(() => service.stop())

test('a Redis answers', { skip: service.missing }, async () => {
  const redis = new Redis(service.url ?? '')
  assert.equal(await redis.ping(), 'PONG')
  await redis.quit()
})
