import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { postgresQueue } from '../../drivers/postgres/queue.js'
import { newJob, take } from '../conformance/queue/harness.js'
import { queueConformance } from '../conformance/queue/index.js'
import { driverContext } from '../kit/driver-context.js'
import { postgresService } from '../services/postgres.js'
import { serverDatabase } from './postgres/harness.js'

const service = await postgresService()
const url = service.url ?? ''
const skip = service.missing
const polling = serverDatabase(url, { listen: false })
after(async () => {
  await polling.stop()
  await service.stop()
})

/** What depends on signals where there are none, but for wake: that one is a hint which may never come. */
const relevant = process.env.TRIPORT_LONG ? /./ : /cancel|result|watch|supports\.events/
const wake = /wakes? /

queueConformance({
  test(name, run) {
    if (relevant.test(name) && !wake.test(name)) test(`${name}, with listen: false`, { skip }, run)
  },
  create: polling.harness,
})

for (const [named, options] of [
  [false, { listen: false }],
  [false, { directUrl: url }],
  [true, {}],
] as const) {
  test(`statements are ${named ? '' : 'not '}prepared by name with ${JSON.stringify(Object.keys(options))}`, {
    skip,
  }, async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    pool.on('error', () => {}) // The server may be gone before it is closed.
    const driver = postgresQueue({ pool, schema: 'names', ...options })
    await driver.start?.(driverContext({ report() {} }))
    await driver.enqueue([newJob()])
    await take(driver)
    const { rows } = await pool.query("select name from pg_prepared_statements where name like 'triport%'")
    assert.equal(rows.length > 0, named)
    await driver.stop?.()
    await pool.end()
  })
}
