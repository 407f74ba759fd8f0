import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import type { ClaimedJob } from '../../core/ports/job.js'
import type { QueueDriver } from '../../core/ports/queue.js'
import { type RedisQueueOptions, redisQueue } from '../../drivers/redis/queue.js'
import { done, idsOf, leaseOf, newJob, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { startProxy } from '../services/proxy.js'
import { redisService } from '../services/redis.js'
import { startSentinel } from '../services/redis-sentinel.js'
import { onFreePort, serviceFolder, startProgram } from '../services/service.js'

const service = await redisService()
after(() => service.stop())
const withRedis = { skip: service.missing }

test(
  'redis: a claim and a settlement whose answers are lost with the link lose no job and double none',
  withRedis,
  async (t) => {
    const url = service.url ?? ''
    const proxy = await startProxy(Number(new URL(url).port))
    t.after(() => proxy.close())
    const near = await start(t, { url, namespace: 'link' })
    const far = await start(t, { url: proxy.via(url), namespace: 'link' })
    const jobs = Array.from({ length: 20 }, () => newJob())
    await far.enqueue(jobs)

    async function withoutAnswer<T>(call: Promise<T>, completed: number): Promise<T> {
      await eventually(async () => assert.equal((await near.counts('q')).completed, completed))
      proxy.accept()
      proxy.sever()
      return await call
    }

    const early = await take(far, { max: 1 })
    await far.settle(ends(early)) // Now Redis knows the script: it does not have to be sent whole, which would need an answer.
    const first = await take(far, { max: 5 })
    proxy.swallow('answers')
    const claiming = far.claim({ queue: 'q', max: 5, lease: 30_000, worker: 'w', settle: ends(first) })
    const claimed = await withoutAnswer(claiming, 6)
    assert.deepEqual([claimed.settled, claimed.jobs.length], [first.map(() => 'settled'), 5])
    proxy.swallow('answers')
    assert.deepEqual(
      await withoutAnswer(far.settle(ends(claimed.jobs)), 11),
      claimed.jobs.map(() => 'settled'),
    )
    const rest = await take(far, { max: 20 })
    const all = [...early, ...first, ...claimed.jobs, ...rest]
    assert.deepEqual(idsOf(all).sort(), idsOf(jobs).sort())
    assert.ok(all.every(({ deliveries }) => deliveries === 1))
  },
)

test('redis: a user with the rights that the docs name can do all of it', withRedis, async (t) => {
  const page = readFileSync('docs/drivers/redis.md', 'utf8')
  const rights = /With ACL: `([^`]+)`/.exec(page)?.[1]?.replaceAll('{triport}', '{acl}') ?? ''
  const admin = new Redis(service.url ?? '')
  t.after(() => admin.disconnect())
  await admin.acl('SETUSER', 'app', 'on', '>secret', ...rights.split(' '))
  const { hostname, port } = new URL(service.url ?? '')
  const driver = await start(t, {
    host: hostname,
    port: Number(port),
    username: 'app',
    password: 'secret',
    namespace: 'acl',
  })
  await works(driver)
  await driver.pause('q', true)
  assert.equal(await driver.isPaused('q'), true)
  await driver.saveSchedule({ name: 's', definition: '{}' })
  assert.equal((await driver.schedules()).schedules.length, 1)
  await driver.announceWorker({ id: 'w', info: '', ttl: 1_000 })
  const stranger = await start(t, { url: service.url ?? '', namespace: 'other' })
  await works(stranger)
  const app = admin.duplicate({ username: 'app', password: 'secret' })
  t.after(() => app.disconnect())
  await assert.rejects(app.hgetall('{other}:q:q'), /NOPERM/)
})

test('redis: over TLS, with a certificate of its own', withRedis, async (t) => {
  const folder = serviceFolder('redis-tls')
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const tls = await onFreePort(async (port) => {
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
    ]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    const stop = await startProgram({
      file: 'redis-server',
      args: [
        ...['--port', '0', '--tls-port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
      ],
      folder,
      ready: /Ready to accept connections/,
      signal: 'TERM',
    })
    return { port, ca: readFileSync(cert, 'utf8'), stop }
  })
  t.after(() => tls.stop())
  await works(await start(t, { host: '127.0.0.1', port: tls.port, tls: { ca: tls.ca } }))
  await assert.rejects(start(t, { host: '127.0.0.1', port: tls.port, tls: true }), { code: 'ERR_DRIVER_UNAVAILABLE' })
})

test('redis: a Sentinel tells where the master is', withRedis, async (t) => {
  const { port: master } = new URL(service.url ?? '')
  const sentinel = await startSentinel('main', { host: '127.0.0.1', port: Number(master) })
  t.after(() => sentinel.stop())
  const nodes = [{ host: '127.0.0.1', port: sentinel.port }]
  await works(await start(t, { sentinel: { name: 'main', nodes }, namespace: 'sentinel' }))
  await assert.rejects(start(t, { sentinel: { name: 'other', nodes } }), { code: 'ERR_DRIVER_UNAVAILABLE' })
})

async function works(driver: QueueDriver): Promise<void> {
  await driver.listen({ queues: ['q'], signals: { wake() {}, cancel() {}, event() {} } })
  const job = newJob()
  await driver.enqueue([job])
  assert.deepEqual(await driver.settle(ends(await take(driver))), ['settled'])
  assert.equal((await driver.get([job.id]))[0]?.state, 'completed')
}

function ends(jobs: readonly ClaimedJob[]) {
  return jobs.map((job) => ({ ...leaseOf(job), outcome: done }))
}

async function start(t: { after(fn: () => unknown): void }, options: RedisQueueOptions): Promise<QueueDriver> {
  const driver = redisQueue(options)
  await driver.start?.(driverContext({ report: () => {} }))
  t.after(() => driver.stop?.())
  return driver
}
