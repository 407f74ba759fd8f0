import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { redisService } from './redis.js'
import { missingService } from './service.js'

const service = await redisService()
await service.stop()

test('a private server ends with the process that started it, however that ends', {
  skip: service.missing,
}, async () => {
  const { REDIS_URL: _, ...env } = process.env
  const start = `const { redisService } = await import('${new URL('redis.ts', import.meta.url).href}')
    console.log((await redisService()).url); setInterval(() => {}, 1000)`
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', start]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const socket = createConnection(Number(new URL(line.toString().trim()).port), '127.0.0.1')
  await once(socket, 'connect')
  const closed = text(socket)
  child.kill('SIGKILL')
  await closed
})

test('a missing server is a reason to skip, and a failure under CI', (t) => {
  const { CI } = process.env
  t.after(() => {
    if (CI === undefined) delete process.env.CI
    else process.env.CI = CI
  })
  delete process.env.CI
  assert.equal(missingService('No Redis.').missing, 'No Redis.')
  process.env.CI = 'true'
  assert.throws(() => missingService('No Redis.'), /No Redis\. Under CI/)
})
