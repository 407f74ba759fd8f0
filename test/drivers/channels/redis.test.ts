import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { createRuntime, defineTask } from '../../../drivers/index.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { redisService } from '../../services/redis.js'

const service = await redisService()
after(() => service.stop())

test('commands of the application are database spans; those of triport on the same client are none', {
  skip: service.missing,
}, async () => {
  const client = new Redis(service.url ?? '')
  const tracer = memoryTracer()
  const namespace = `spans-${process.pid}`
  const work = defineTask({
    name: 'work',
    run: async () => {
      await client.set('patient:jane', 's3cret')
      await assert.rejects(client.lpush('patient:jane', 'x'))
      await client.multi().incr('a').del('a', 'patient:jane').exec()
    },
  })
  const backends = { queue: { driver: 'redis', client, namespace }, rooms: { driver: 'memory' } } as const
  const runtime = createRuntime({ ...backends, tasks: [work], worker: true, tracer })
  await runtime.start()
  const job = await runtime.tracer.span('request', () => runtime.queue.enqueue(work))
  await job.result({ timeout: '20s' })
  await runtime.stop()
  await client.quit()
  const attempt = tracer.finished.find(({ name }) => name === 'process default')
  const calls = tracer.finished.filter(({ attributes }) => attributes['db.system.name'] === 'redis')
  assert.deepEqual(
    calls.map(({ name }) => name),
    ['SET 0', 'LPUSH 0', 'MULTI 0', 'INCR 0', 'DEL 0', 'EXEC 0'],
  )
  for (const { kind, parentSpanId } of calls) assert.deepEqual([kind, parentSpanId], ['client', attempt?.spanId])
  assert.deepEqual([calls[0]?.status, calls[1]?.status], ['unset', 'error'])
  assert.equal(calls[0]?.attributes['server.port'], Number(new URL(service.url ?? '').port))
  assert.doesNotMatch(JSON.stringify(calls[0]), /jane|s3cret/)
})
