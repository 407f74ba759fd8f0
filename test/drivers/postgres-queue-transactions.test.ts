import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { type PostgresQueue, postgresQueue } from '../../drivers/postgres/queue.js'
import { fromDrizzle, fromKysely } from '../../drivers/postgres/transactions.js'
import { idsOf, listening, newJob, take } from '../conformance/queue/harness.js'
import { driverContext } from '../kit/driver-context.js'
import { postgresService } from '../services/postgres.js'

const service = await postgresService()
const pool = new pg.Pool({ connectionString: service.url ?? '', max: 5 })
pool.on('error', () => {})
after(async () => {
  await pool.end()
  await service.stop()
})

/** Runs `work` in a transaction of a library, and rolls it back when that rejects. */
type Transact = (work: (tx: unknown) => Promise<unknown>) => Promise<unknown>

const libraries: Readonly<Record<string, Transact>> = {
  async pg(work) {
    const client = await pool.connect()
    try {
      await client.query('begin')
      await work(client)
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  },
  Kysely: (work) => {
    const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
    return kysely.transaction().execute((tx) => work(fromKysely(tx)))
  },
  Drizzle: (work) => drizzle(pool).transaction((tx) => work(fromDrizzle(tx, sql))),
}

for (const [library, transact] of Object.entries(libraries)) {
  test(`tx of ${library}: rolled back is never enqueued, committed is stored and wakes`, {
    skip: service.missing,
  }, async () => {
    const driver = await started(`tx_${library.toLowerCase()}`)
    const { heard, listener } = await listening(driver)
    const [lost, kept] = [newJob(), newJob({ key: 'k', payload: '{"a":"\\"\\\\"}' })]
    const rolledBack = transact(async (tx) => {
      assert.deepEqual(await driver.enqueue([lost], { tx }), [{ id: lost.id, deduplicated: false }])
      throw new Error('roll back')
    })
    await assert.rejects(rolledBack, /roll back/)
    assert.deepEqual(await take(driver), [])
    await transact(async (tx) => {
      await driver.enqueue([kept, newJob({ lock: { key: 'l', until: 'ended' } })], { tx })
      assert.deepEqual(await take(driver), [], 'before the commit, nobody sees it')
    })
    await heard('wake', 'q')
    const claimed = await take(driver)
    assert.equal(claimed.length, 2)
    assert.ok(idsOf(claimed).includes(kept.id))
    await listener.close()
    await driver.stop?.()
  })
}

test('what is no transaction is refused', { skip: service.missing }, async () => {
  const driver = await started('tx_none')
  await assert.rejects(driver.enqueue([newJob()], { tx: {} }), { code: 'ERR_UNSUPPORTED' })
  await driver.stop?.()
})

async function started(schema: string): Promise<PostgresQueue> {
  const driver = postgresQueue({ url: service.url ?? '', schema, poolSize: 2 })
  await driver.start?.(driverContext())
  return driver
}
