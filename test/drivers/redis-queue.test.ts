import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newJob } from '../conformance/queue/harness.js'
import { queueConformance } from '../conformance/queue/index.js'
import { redisService } from '../services/redis.js'
import { redisHarness } from './redis-harness.js'

const service = await redisService()
after(() => service.stop())

queueConformance({
  test: (name, run) => test(`redis: ${name}`, { skip: service.missing }, run),
  create: () => redisHarness({ url: service.url ?? '' }),
})

test('redis: an id that is used again when its record has expired is counted once', {
  skip: service.missing,
}, async () => {
  const { driver, advance, stop } = await redisHarness({ url: service.url ?? '' })
  const [first, second, third] = [newJob(), newJob(), newJob()]
  await driver.enqueue([first, second, third])
  await driver.cancel([{ id: first.id, error: '"e"', keep: 45_000 }])
  await advance(50_000)
  await driver.cancel([{ id: second.id, error: '"e"', keep: 45_000 }])
  await driver.enqueue([first])
  const { waiting, cancelled } = await driver.counts('q')
  assert.deepEqual([waiting, cancelled], [2, 1])
  await stop()
})
