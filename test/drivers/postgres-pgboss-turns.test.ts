import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import { fromPglite } from 'pg-boss'
import { type PostgresQueueOptions, postgresQueue } from '../../drivers/postgres/queue.js'
import { newJob, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { postgresService } from '../services/postgres.js'
import { bossOf, completed, failed } from './postgres/boss.js'

const service = await postgresService()
after(() => service.stop())
const url = service.url ?? ''
const within = { within: 20_000 } // A turn comes once a second, on a busy machine later.

async function started(options: PostgresQueueOptions) {
  const driver = postgresQueue(options)
  await driver.start?.(driverContext())
  return driver
}

test('another process takes over when the one that had the turns is killed', { skip: service.missing }, async (t) => {
  const options = { url, schema: 'turns', pgBoss: { schema: 'turns_boss' }, poolSize: 2 }
  const program = `
    const { postgresQueue } = await import('${new URL('../../drivers/postgres/queue.ts', import.meta.url).href}')
    const { driverContext } = await import('${new URL('../kit/driver-context.ts', import.meta.url).href}')
    const driver = postgresQueue(${JSON.stringify(options)})
    await driver.start(driverContext())
    await driver.enqueue([${JSON.stringify(newJob())}])
    console.log('stored'); setInterval(() => {}, 1000)`
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const driver = await started(options)
  const boss = await bossOf({ connectionString: url, schema: 'turns_boss', max: 2 })
  const shown = async () => (await boss.findJobs('turns/q').catch(() => [])).length
  await eventually(async () => assert.equal(await shown(), 1), within)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await driver.enqueue([newJob()])
  await eventually(async () => assert.equal(await shown(), 2), within)
  await boss.stop({ graceful: false })
  await driver.stop?.()
})

test('processes that start at the same time make the tables once', { skip: service.missing }, async () => {
  const options = { url, schema: 'together', pgBoss: { schema: 'together_boss' }, poolSize: 2 }
  const drivers = await Promise.all([started(options), started(options), started(options)])
  for (const driver of drivers) await driver.stop?.()
})

test('on PGlite, in the same database, and cancelled from there', async () => {
  const client = await PGlite.create()
  const driver = await started({ client })
  const boss = await bossOf({ db: fromPglite(client), backend: 'pglite', supervise: false, schedule: false })
  await driver.enqueue([newJob(), newJob(), newJob({ priority: -1 })])
  const [one, two] = await take(driver, { max: 2 })
  assert.ok(one && two)
  await driver.settle([completed(one, '{"sum":3}'), failed(two, 'no')])
  const jobs = async () => (await boss.findJobs('triport/q').catch(() => [])) as { id: string; state: string }[]
  const states = async () => (await jobs()).map(({ state }) => state).sort()
  await eventually(async () => assert.deepEqual(await states(), ['completed', 'created', 'failed']), within)
  assert.equal((await boss.detectSchemaDrift()).ok, true)
  const waiting = (await jobs()).find(({ state }) => state === 'created')
  await boss.cancel('triport/q', String(waiting?.id))
  await boss.retry('triport/q', two.id)
  await eventually(async () => {
    const [again] = await driver.get([two.id])
    assert.equal(again?.state, 'waiting')
  }, within)
  const withdrawn = (await take(driver, { max: 2 })).find(({ id }) => id === waiting?.id)
  assert.match(withdrawn?.cancelRequest ?? '', /in pg-boss/)
  await boss.stop({ graceful: false })
  await driver.stop?.()
  await client.close()
})
