import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { tracePool } from '../../../core/tracer/trace-pool.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { facadeOf } from '../../drivers/opentelemetry/facade.js'
import { driverContext } from '../../kit/driver-context.js'
import { postgresService } from '../../services/postgres.js'

const postgres = await postgresService()
after(() => postgres.stop())

describe('tracePool on a pool of pg', { skip: postgres.missing }, () => {
  const driver = memoryTracer()
  const tracer = facadeOf(driver)
  let pool: pg.Pool
  let db: pg.Pool

  before(async () => {
    await driver.start?.(driverContext())
    pool = new pg.Pool({ connectionString: postgres.url })
    db = tracePool(pool, { tracer })
    await db.query('CREATE TEMP TABLE genes (name text, count int)')
  })
  after(() => db.end())

  /** The spans of `work`, without the one around it. */
  async function spansOf(work: () => Promise<unknown>) {
    driver.clear()
    await tracer.span('outer', work)
    return driver.finished.slice(0, -1)
  }

  test('a query has a span that says where it went, and none of its values', async () => {
    const spans = await spansOf(async () => {
      const { rows } = await db.query<{ found: string }>("SELECT $1::text || 'I' AS found", ['lac'])
      assert.equal(rows[0]?.found, 'lacI')
    })
    const { hostname, port, pathname } = new URL(String(postgres.url))
    assert.deepEqual(
      spans.map(({ name, kind, attributes }) => ({ name, kind, ...attributes })),
      [
        {
          name: `SELECT ${pathname.slice(1)}`,
          kind: 'client',
          'db.system.name': 'postgresql',
          'db.operation.name': 'SELECT',
          'db.namespace': pathname.slice(1),
          'db.query.text': 'SELECT $1::text || ? AS found',
          'server.address': hostname,
          'server.port': Number(port),
        },
      ],
    )
  })

  test('so have those of a client in a transaction, which goes back to the pool', async () => {
    const spans = await spansOf(async () => {
      const client = await db.connect()
      try {
        await client.query('BEGIN')
        await client.query({ text: 'INSERT INTO pg_temp.numbers SELECT 1', name: 'one' }).catch(() => {})
        await client.query('ROLLBACK')
      } finally {
        client.release()
      }
    })
    assert.deepEqual(
      spans.map(({ name, status, attributes }) => [name.split(' ')[0], status, attributes['error.type']]),
      [
        ['BEGIN', 'unset', undefined],
        ['INSERT', 'error', 'error'],
        ['ROLLBACK', 'unset', undefined],
      ],
    )
    assert.equal(pool.idleCount, pool.totalCount)
  })

  test('a callback is called with what pg gives it, in the context of its caller', async () => {
    const spans = await spansOf(
      () =>
        new Promise<void>((resolve, reject) => {
          const caller = tracer.activeSpan()
          db.query('SELECT 7 AS n', (error: Error | undefined, result: pg.QueryResult<{ n: number }>) => {
            if (error) return reject(error)
            assert.equal(result.rows[0]?.n, 7)
            assert.equal(tracer.activeSpan(), caller)
            resolve()
          })
        }),
    )
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['db.query.text']),
      ['SELECT ? AS n'],
    )
  })

  test('an object with submit passes through, and works', async () => {
    const spans = await spansOf(async () => {
      const client = await db.connect()
      const rows: unknown[] = []
      const query = client.query(new pg.Query('SELECT 1 AS a') as never) as unknown as NodeJS.EventEmitter
      await new Promise((resolve) => query.on('row', (row) => rows.push(row)).on('end', resolve))
      client.release()
      assert.deepEqual(rows, [{ a: 1 }])
    })
    assert.deepEqual(spans, [])
  })
})
