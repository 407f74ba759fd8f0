import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { systemClock } from '../../core/clock.js'
import { isTriportError } from '../../core/errors.js'
import { openClient } from '../../drivers/postgres/client.js'
import { lockDirectory } from '../../drivers/postgres/directory-lock.js'
import { migrate } from '../../drivers/postgres/migrate.js'
import { eventually } from '../kit/eventually.js'
import { postgresService } from '../services/postgres.js'

const service = await postgresService()
after(() => service.stop())

const context = { clock: systemClock, random: Math.random, report() {} }
const skip = service.missing
const url = service.url ?? ''

test('a server: statements, transactions and notifications', { skip }, async () => {
  const client = await openClient({ url }, context)
  assert.deepEqual(await client.query('select $1::int + 1 as two', [1]), [{ two: 2 }])
  await client.query('create table kept (n int)')
  const failing = client.transaction(async (tx) => {
    await tx.query('insert into kept values (1)')
    throw new Error('no')
  })
  await assert.rejects(failing, /^Error: no$/)
  await client.transaction((tx) => tx.query('insert into kept values (2)'))
  assert.deepEqual(await client.query('select n from kept'), [{ n: 2 }])
  const heard: string[] = []
  const subscription = await client.listen('news', (payload) => heard.push(payload), assert.fail)
  await client.query("select pg_notify('news', $1)", ['hello'])
  await eventually(() => assert.deepEqual(heard, ['hello']))
  await subscription.close()
  await client.close()
})

test('a listener whose connection is ended connects again, and says so', { skip }, async () => {
  const client = await openClient({ url }, context)
  const heard: string[] = []
  let reconnected = 0
  await client.listen(
    'again',
    (payload) => heard.push(payload),
    () => void reconnected++,
  )
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where query = \'listen "again"\'', [])
  await eventually(() => assert.equal(reconnected, 1))
  await client.query("select pg_notify('again', 'hello')", [])
  await eventually(() => assert.deepEqual(heard, ['hello']))
  await client.close()
})

test('a pool and a client that were passed in stay open', { skip }, async () => {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  const single = new pg.Client({ connectionString: url })
  await single.connect()
  for (const options of [{ pool }, { client: single }]) {
    const client = await openClient(options, context)
    const heard: string[] = []
    await client.listen('given', (payload) => heard.push(payload), assert.fail)
    const [{ rows }] = [{ rows: await client.transaction((tx) => tx.query("select pg_notify('given', 'x')")) }]
    assert.equal(rows.length, 1)
    await eventually(() => assert.deepEqual(heard, ['x']))
    await client.close()
  }
  assert.equal((await pool.query('select 1 as one')).rows.length, 1)
  assert.equal((await single.query('select 1 as one')).rows.length, 1)
  await pool.end()
  await single.end()
})

test('tables are migrated once, however many processes start at the same time', { skip }, async () => {
  const clients = await Promise.all([1, 2, 3].map(() => openClient({ url }, context)))
  const steps = ['create table once.one (n int);', 'create table once.two (n int); insert into once.two values (1);']
  await Promise.all(clients.map((client) => migrate(client, { part: 'queue', schema: 'once', steps })))
  assert.deepEqual(await clients[0]?.query('select n from once.two'), [{ n: 1 }])
  const older = migrate(clients[0] as never, { part: 'queue', schema: 'once', steps: steps.slice(1) })
  await assert.rejects(older, /made by a newer triport/)
  for (const client of clients) await client.close()
})

test('errors of a server have a code, and no password', async () => {
  const wrong = 'postgres://me:secret@127.0.0.1:1/none'
  const client = await openClient({ url: wrong }, context)
  for (const call of [
    client.query('select 1'),
    client.listen(
      'a',
      () => {},
      () => {},
    ),
  ]) {
    const error: unknown = await Promise.resolve<unknown>(call).then(
      () => undefined,
      (thrown) => thrown,
    )
    assert.ok(isTriportError(error, 'ERR_DRIVER_UNAVAILABLE'))
    assert.doesNotMatch(String(error) + String(error.cause), /secret/)
  }
  await client.close()
  const bad = openClient({ url: 'postgres://me:secret@:x:/' }, context)
  await assert.rejects(bad, (error) => isTriportError(error, 'ERR_CONFIG_INVALID') && !/secret/.test(error.message))
})

test('options that name no database, or two, are refused', async () => {
  await assert.rejects(openClient({}, context), /one of url, host, pool, client and dataDir/)
  await assert.rejects(openClient({ url: 'postgres://h/d', dataDir: 'x' }, context), /There is url, dataDir/)
  await assert.rejects(openClient({ dataDir: 'x', schema: 'A"b' }, context), /The schema is/)
})

test('a directory is locked for one process, and the lock of a process that is gone counts for nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'triport-lock-'))
  t.after(() => rm(folder, { recursive: true }))
  const directory = join(folder, 'data')
  const lock = await lockDirectory(directory)
  await assert.rejects(lockDirectory(directory), /is open in process/)
  await lock.release()
  await writeFile(`${directory}.lock`, JSON.stringify({ pid: process.pid, started: '1', host: hostname(), id: 'old' }))
  await (await lockDirectory(directory)).release()
})
