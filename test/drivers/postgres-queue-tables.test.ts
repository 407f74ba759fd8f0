import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { postgresMigrations } from '../../drivers/postgres/migrations.js'
import { postgresQueue } from '../../drivers/postgres/queue.js'
import { newJob, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'
import { postgresService } from '../services/postgres.js'

const service = await postgresService()
after(() => service.stop())
const url = service.url ?? ''
const skip = service.missing

async function run(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

test('migrate: false creates nothing, and is content with what postgresMigrations prints', { skip }, async () => {
  const driver = postgresQueue({ url, schema: 'by_hand', pgBoss: { schema: 'by_hand_boss' }, migrate: false })
  await assert.rejects(driver.start?.(driverContext()) ?? assert.fail(), { code: 'ERR_CONFIG_INVALID' })
  await run(await postgresMigrations({ schema: 'by_hand', pgBoss: { schema: 'by_hand_boss' } }))
  await driver.start?.(driverContext())
  await driver.enqueue([newJob()])
  assert.equal((await take(driver)).length, 1)
  await driver.stop?.()
})

test('tables of a newer version stop start()', { skip }, async () => {
  const driver = postgresQueue({ url, schema: 'newer' })
  await driver.start?.(driverContext())
  await driver.stop?.()
  await run("insert into newer.migration (part, version) values ('queue', 99)")
  await assert.rejects(driver.start?.(driverContext()) ?? assert.fail(), /made by a newer triport/)
})

test('a queue that was filled when its plans were made on an empty table is drained at its usual speed', {
  skip,
}, async () => {
  const driver = postgresQueue({ url, schema: 'plans', poolSize: 1 })
  await driver.start?.(driverContext())
  for (let n = 0; n < 10; n++) await take(driver) // Plans are kept from the sixth call on.
  await run('analyze plans.job')
  await driver.enqueue(Array.from({ length: 3_000 }, () => newJob()))
  let settle: Parameters<typeof driver.claim>[0]['settle'] = []
  let drained = 0
  const begun = performance.now()
  do {
    const { jobs } = await driver.claim({ queue: 'q', max: 1_000, lease: 30_000, worker: 'w', settle })
    drained += jobs.length
    settle = jobs.map(({ queue, id, token }) => ({
      queue,
      id,
      token,
      outcome: { type: 'completed', result: undefined, keep: 60_000 },
    }))
  } while (settle.length > 0)
  assert.equal(drained, 3_000)
  // Looking through the table for each job takes half a minute.
  assert.ok(performance.now() - begun < 10_000)
  await driver.stop?.()
})
