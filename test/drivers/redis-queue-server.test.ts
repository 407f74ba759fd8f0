import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { redisQueue } from '../../drivers/redis/queue.js'
import { claimScript } from '../../drivers/redis/scripts/calls.js'
import { settlementTexts } from '../../drivers/redis/texts.js'
import { cancelled, done, failed, idsOf, leaseOf, newJob, settle, started, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'
import { redisService } from '../services/redis.js'

const service = await redisService()
after(() => service.stop())
const withRedis = { skip: service.missing }

test('redis: a hundred queues take three connections', withRedis, async (t) => {
  const { driver, admin } = await open(t, 'connections')
  const queues = Array.from({ length: 100 }, (_, n) => `queue-${n}`)
  await driver.listen({ queues, signals: { wake() {}, cancel() {}, event() {} } })
  for (const queue of queues) {
    await driver.enqueue([newJob({ queue })])
    await take(driver, { queue })
  }
  const list = String(await admin.client('LIST'))
  assert.equal(list.match(/name=triport:queue:/g)?.length, 3)
})

test('redis: a claim that is sent again brings its jobs again, its settlements settled', withRedis, async (t) => {
  const { driver, admin } = await open(t, 'resent')
  const held = await started(driver)
  const jobs = Array.from({ length: 5 }, () => newJob())
  await driver.enqueue(jobs)
  const settlement = settlementTexts([{ ...leaseOf(held), outcome: done }])
  for (const resent of [0, 1, 1]) {
    const request = ['q', 3, 30_000, 'token-of-claim', '-', '-', '-', '-']
    const answer = await admin.eval(claimScript.lua, 1, '{resent}:', 0, resent, ...request, ...settlement)
    const [, settled, , , found] = answer as [number, string, number, string[], string[]]
    const ids = found.filter((_, n) => n % 2 === 0).sort()
    assert.deepEqual([settled, ids], ['s', idsOf(jobs.slice(0, 3)).sort()])
  }
  assert.deepEqual(idsOf(await take(driver)), idsOf(jobs.slice(3)))
  assert.equal((await driver.get([jobs[0]?.id ?? '']))[0]?.deliveries, 1)
})

test('redis: nothing stays for ever', withRedis, async (t) => {
  const { driver, admin } = await open(t, 'left')
  for (const outcome of [done, failed, cancelled]) {
    const lock = { key: outcome.type, until: 'ended' } as const
    const job = await started(driver, { lock, group: { key: 'g', limit: 1 } })
    await driver.progress([{ ...leaseOf(job), value: '1', log: ['line'] }])
    const join = { id: outcome.type, member: 0, size: 2, keep: 60_000, next: [] }
    await settle(driver, job, outcome, { join })
  }
  const waiting = [
    newJob(),
    newJob({ delay: 60_000, lock: { key: 'k', until: 60_000 } }),
    newJob({ group: { key: 'g', limit: 1 } }),
  ]
  await driver.enqueue(waiting)
  await driver.cancel(waiting.map(({ id }) => ({ id, error: '"c"', keep: 60_000 })))
  await driver.announceWorker({ id: 'w', info: '', ttl: 1_000 })
  await take(driver)
  for (const key of await admin.keys('{left}:*')) assert.ok((await admin.pttl(key)) > 0, `${key} stays for ever`)
})

async function open(t: { after(fn: () => unknown): void }, namespace: string) {
  const driver = redisQueue({ url: service.url ?? '', namespace })
  await driver.start?.(driverContext({ report: () => {} }))
  const admin = new Redis(service.url ?? '')
  t.after(async () => {
    await driver.stop?.()
    admin.disconnect()
  })
  return { driver, admin }
}
