import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { sqlCall } from '../../../core/tracer/db-call.js'
import { tracePool } from '../../../core/tracer/trace-pool.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { facadeOf } from '../../drivers/opentelemetry/facade.js'
import { driverContext } from '../../kit/driver-context.js'

class Client {
  released = 0
  async query(text: string, values?: readonly unknown[]): Promise<readonly unknown[]>
  async query(query: { readonly text: string }): Promise<readonly unknown[]>
  async query(text: unknown, values: readonly unknown[] = []): Promise<readonly unknown[]> {
    if (String(text).includes('broken'))
      throw Object.assign(new Error('relation "broken" is not there'), { code: '42P01' })
    return [text, ...values]
  }
  release(): void {
    this.released++
  }
}

class Pool extends EventEmitter {
  readonly options = { host: 'db.internal', port: 5432, database: 'shop', password: 's3cret' }
  readonly client = new Client()
  #queries = 0
  get queries(): number {
    return this.#queries
  }
  query(text: string, values?: readonly unknown[]): Promise<readonly unknown[]>
  query(text: string, done: (error: unknown, rows?: unknown) => void): void
  query(text: string, last?: unknown): unknown {
    this.#queries++
    if (typeof last !== 'function') return this.client.query(text, last as never)
    void this.client.query(text).then(
      (rows) => last(null, rows),
      (error) => last(error),
    )
    return undefined
  }
  connect(): Promise<Client>
  connect(done: (error: unknown, client: Client, release: () => void) => void): void
  connect(done?: (error: unknown, client: Client, release: () => void) => void): unknown {
    if (!done) return Promise.resolve(this.client)
    setImmediate(() => done(undefined, this.client, () => this.client.release()))
    return undefined
  }
}

async function setUp() {
  const driver = memoryTracer()
  await driver.start?.(driverContext())
  const tracer = facadeOf(driver)
  const pool = new Pool()
  return { driver, tracer, pool, db: tracePool(pool, { tracer }) }
}

test('a query of a traced pool, or of a client of it, is a database span without its values', async () => {
  const { driver, tracer, pool, db } = await setUp()
  const statement = "SELECT * FROM orders WHERE name = 'Jane' AND id = $1"
  await tracer.span('outer', async () => {
    assert.deepEqual(await db.query(statement, [7]), [statement, 7])
    const client = await db.connect()
    await client.query({ text: 'insert into "public"."order items" values (1, 2)' })
    client.release()
    await assert.rejects(client.query('UPDATE broken SET a = 1'), { code: '42P01' })
  })
  const [select, insert, update, outer] = driver.finished
  assert.deepEqual(
    [select?.name, insert?.name, update?.name, driver.finished.length],
    ['SELECT orders', 'INSERT public.order items', 'UPDATE broken', 4],
  )
  assert.deepEqual(
    { ...select?.attributes },
    {
      'db.system.name': 'postgresql',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'orders',
      'db.namespace': 'shop',
      'db.query.text': 'SELECT * FROM orders WHERE name = ? AND id = $1',
      'server.address': 'db.internal',
      'server.port': 5432,
    },
  )
  for (const span of [select, insert, update])
    assert.deepEqual([span?.kind, span?.parentSpanId], ['client', outer?.spanId])
  assert.equal(update?.status, 'error')
  assert.equal(pool.client.released, 1)
})

test('callbacks are called in the context of the caller, when the span has ended', async () => {
  const { driver, tracer, db } = await setUp()
  await tracer.span('outer', async (outer) => {
    const rows = await new Promise((resolve, reject) =>
      db.query('SELECT 1', (error, found) => {
        assert.equal(tracer.activeSpan()?.context()?.spanId, outer.context()?.spanId)
        assert.equal(driver.finished.length, 1)
        if (error) reject(error)
        else resolve(found)
      }),
    )
    assert.deepEqual(rows, ['SELECT 1'])
    await new Promise<void>((resolve) => db.query('SELECT broken', () => resolve()))
    await new Promise<void>((resolve) => {
      db.connect((_error, client, release) => {
        void client.query('DELETE FROM orders').then(release).then(resolve)
      })
    })
  })
  assert.deepEqual(
    driver.finished.map(({ name, status }) => [name, status]),
    [
      ['SELECT shop', 'unset'],
      ['SELECT shop', 'error'],
      ['DELETE orders', 'unset'],
      ['outer', 'unset'],
    ],
  )
})

test('the pool itself is left as it is, and the traced one is a pool', async () => {
  const { driver, tracer, pool, db } = await setUp()
  const own = Object.getOwnPropertyNames(pool)
  assert.ok(db instanceof Pool)
  let emitted = 0
  db.on('error', () => emitted++)
  pool.emit('error')
  await tracer.span('outer', () => pool.query('SELECT 1'))
  await db.query('SELECT 1') // Of no trace.
  await tracer.span('outer', () => db.query({ submit() {}, text: 'SELECT 1' } as never))
  assert.equal(pool.client.query, Client.prototype.query)
  assert.deepEqual([emitted, db.queries, Object.getOwnPropertyNames(pool)], [1, 3, own])
  assert.deepEqual(
    driver.finished.map(({ name }) => name),
    ['outer', 'outer'],
  )
})

for (const [statement, operation, collection, text] of [
  ["select 'it''s', E'a\\'b', 1.5e3 from a.b", 'SELECT', 'a.b', 'select ?, ?, ? from a.b'],
  ['-- s3cret\nWITH x AS (SELECT $1) SELECT * FROM x', 'WITH', 'x', 'WITH x AS (SELECT $1) SELECT * FROM x'],
  ['/* from y */ BEGIN', 'BEGIN', undefined, 'BEGIN'],
  ['select $tag$ s3cret $tag$, t1.c2 from t1', 'SELECT', 't1', 'select ?, t1.c2 from t1'],
  ["select 's3cret", 'SELECT', undefined, 'select ?'],
  ['delete from only "Users" where "a 1" = 5', 'DELETE', 'Users', 'delete from only "Users" where "a 1" = ?'],
  ['', 'QUERY', undefined, ''],
] as const) {
  test(`of ${JSON.stringify(statement)} no value is told`, () => {
    assert.deepEqual(sqlCall(statement), { operation, collection, text })
  })
}
