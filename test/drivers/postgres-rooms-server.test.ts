import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import type { BrokerState, RoomMessage, RoomsDriver } from '../../core/ports/rooms.js'
import { type PostgresRoomsOptions, postgresRooms } from '../../drivers/postgres/rooms.js'
import { dataOf, outgoing } from '../conformance/rooms/harness.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { postgresService } from '../services/postgres.js'
import { startProxy } from '../services/proxy.js'

const service = await postgresService()
const skip = service.missing
const url = service.url ?? ''
const pool = new pg.Pool({ connectionString: url, max: 4 })
pool.on('error', () => {}) // Connections end when the server does.
const started: RoomsDriver[] = []
after(async () => {
  for (const driver of started) await driver.stop?.()
  await pool.end()
  await service.stop()
})

const patient = { within: 30_000 }
let schemas = 0

interface Node {
  readonly driver: RoomsDriver
  readonly schema: string
  readonly heard: RoomMessage[]
  readonly states: BrokerState[]
}

async function node(
  options: PostgresRoomsOptions = {},
  context: Parameters<typeof driverContext>[0] = {},
): Promise<Node> {
  const { schema = `own_${process.pid}_${++schemas}` } = options
  const driver = postgresRooms({ url, ...options, schema })
  const heard: RoomMessage[] = []
  const states: BrokerState[] = []
  driver.listen({ message: (message) => void heard.push(message), state: (state) => void states.push(state) })
  started.push(driver)
  await driver.start?.(driverContext({ instanceId: `node${started.length}`, ...context }))
  return { driver, schema, heard, states }
}

async function sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await pool.query<Record<string, unknown>>(text, values)).rows
}

/** A transaction that is open until it is committed. */
async function begin(): Promise<pg.PoolClient & { commit(): Promise<void> }> {
  const client = await pool.connect()
  await client.query('begin')
  return Object.assign(client, {
    async commit() {
      await client.query('commit')
      client.release()
    },
  })
}

const listeners = (schema: string) => sql(`select pid from pg_stat_activity where query = 'listen "${schema}_rooms"'`)

test('processes that publish at once are heard in one order on all nodes', { skip }, async () => {
  const a = await node()
  const b = await node({ schema: a.schema })
  await Promise.all([a, b].map(({ driver }) => driver.subscribe(['room'])))
  const children = ['x', 'y'].map((name) => {
    const args = ['--import', import.meta.resolve('tsx'), `${import.meta.dirname}/postgres-rooms-publisher.ts`]
    return spawn(process.execPath, [...args, url, a.schema, name, '500'], { stdio: 'inherit' })
  })
  const exits = await Promise.all(children.map((child) => once(child, 'exit')))
  assert.deepEqual(
    exits.map(([code]) => code),
    [0, 0],
  )
  for (const { heard } of [a, b]) {
    await eventually(() => assert.equal(heard.length, 1_000), patient)
    assert.deepEqual(
      heard.map(({ position }) => position?.seq),
      Array.from({ length: 1_000 }, (_, n) => n + 1),
    )
  }
  assert.deepEqual(a.heard, b.heard)
})

test('a listening connection that the server ends is renewed, and nothing is lost', { skip }, async () => {
  const { driver, schema, heard, states } = await node()
  const publisher = await node({ schema })
  await driver.subscribe(['room'])
  for (let round = 0; round < 3; round++) {
    const [listener] = await listeners(schema)
    await sql('select pg_terminate_backend($1)', [listener?.pid])
    await publisher.driver.publish([outgoing('room', `${round}`)])
    await eventually(() => assert.deepEqual(states.slice(-2), ['down', 'up']), patient)
    states.length = 0
  }
  const [fence] = await publisher.driver.publish([outgoing('room', 'fence')])
  await eventually(() => assert.ok(heard.some(({ position }) => position?.seq === fence?.seq)), patient)
  assert.deepEqual(
    (await driver.read('room', { newest: 10 })).entries.map(({ text }) => dataOf(text)),
    ['0', '1', '2', 'fence'],
  )
  assert.deepEqual(publisher.states, [])
})

test('a process that only publishes opens no connection to listen', { skip }, async () => {
  const { driver, schema } = await node()
  await driver.publish([outgoing('room', 'text'), outgoing('room', 'passing', { retention: 'none' })])
  assert.deepEqual(await listeners(schema), [])
  await driver.subscribe(['room'])
  assert.equal((await listeners(schema)).length, 1)
})

test('a link that is half open is noticed, and what waits for it is refused', { skip }, async () => {
  const clock = createFakeClock()
  const proxy = await startProxy(Number(new URL(url).port))
  const { driver, states } = await node({ url: proxy.via(url) }, { clock })
  await driver.subscribe(['room'])
  const start = clock.now()
  proxy.swallow()
  const waiting = assert.rejects(driver.publish([outgoing('room', 'text')]), { code: 'ERR_BROKER_UNAVAILABLE' })
  await eventually(async () => {
    await clock.advance(1_000)
    assert.deepEqual(states, ['down'])
  }, patient)
  assert.ok(clock.now() - start <= 25_000, 'it took longer than 25 seconds of its time')
  await clock.advance(5_000)
  await waiting
  await assert.rejects(driver.heads(['room']), { code: 'ERR_BROKER_UNAVAILABLE' })
  await proxy.close()
  await driver.stop?.()
})

test('a transaction that holds a room holds up nobody in other rooms', { skip }, async () => {
  const { driver } = await node()
  const tx = await begin()
  await driver.publish([outgoing('held', 'first')], { tx })
  const held = driver.publish([outgoing('held', 'second')])
  await turn() // What is published in the same turn goes in the same statement.
  await driver.publish([outgoing('free', 'text')])
  await tx.commit()
  assert.equal((await held)[0]?.seq, 2)
})

test('a call locks its rooms in the order of their names', { skip }, async () => {
  const a = await node()
  const b = await node({ schema: a.schema })
  await a.driver.publish([outgoing('x', ''), outgoing('y', '')])
  const tx = await begin()
  await a.driver.publish([outgoing('x', 'held')], { tx })
  const waits = a.driver.publish([outgoing('y', 'after x'), outgoing('x', 'waits')])
  await eventually(async () => {
    const blocked = await sql("select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ~ $1", [
      a.schema,
    ])
    assert.equal(blocked.length, 1)
  }, patient)
  assert.equal((await b.driver.publish([outgoing('y', 'not behind it')]))[0]?.seq, 2)
  await tx.commit()
  assert.deepEqual(
    (await waits).map((position) => position?.seq),
    [3, 3],
  )
})

test('what is not kept arrives as it was, however long, and equal ones both', { skip }, async () => {
  const { driver, heard } = await node()
  await driver.subscribe(['room'])
  const long = '€"\\\n😀'.repeat(20_000)
  const passing = (text: string) => outgoing('room', text, { retention: 'none' })
  await driver.publish([passing('same'), passing('same'), passing(long), passing('last')])
  await eventually(() => assert.equal(heard.length, 4), patient)
  assert.deepEqual(
    heard.map(({ text }) => dataOf(text)),
    ['same', 'same', long, 'last'],
  )
})

test('a poller hears once what is committed late, and late is not held up by it', { skip }, async () => {
  const { driver, heard, schema } = await node({ listen: false, pollInterval: '5ms' })
  const publisher = await node({ schema })
  await driver.subscribe(['slow', 'quick'])
  const tx = await begin()
  await publisher.driver.publish([outgoing('slow', 'one')], { tx })
  await publisher.driver.publish([outgoing('quick', 'two')])
  await eventually(() => assert.equal(heard.length, 1), patient)
  await tx.commit()
  await eventually(() => assert.equal(heard.length, 2), patient)
  await publisher.driver.publish([outgoing('quick', 'fence')])
  await eventually(() => assert.ok(heard.some(({ text }) => text !== undefined && dataOf(text) === 'fence')), patient)
  assert.deepEqual(
    heard.map(({ text }) => dataOf(text)),
    ['two', 'one', 'fence'],
  )
  assert.deepEqual(await listeners(schema), [])
})

test('what nobody may read is deleted, and a room that nobody uses is forgotten', { skip }, async () => {
  let offset = 0
  const { driver, schema } = await node({ clockOffset: () => offset })
  const stored = async () => (await sql(`select count(*)::int as count from ${schema}.room_message`))[0]?.count
  const sweep = () => sql(`select ${schema}.room_sweep(0, 500, 3600000, $1)`, [offset])
  const message = () => outgoing('room', 'text', { retention: { count: 2, ttl: 600_000 } })
  const [first] = await driver.publish(Array.from({ length: 63 }, message))
  assert.equal(await stored(), 63)
  offset += 61_000
  await driver.publish([message()])
  assert.equal(await stored(), 2)
  offset += 700_000
  await sweep()
  assert.equal(await stored(), 0)
  assert.equal((await driver.heads(['room'])).get('room')?.seq, 64)
  offset += 3_700_000
  await sweep()
  assert.equal((await driver.heads(['room'])).size, 0)
  const [anew] = await driver.publish([message()])
  assert.equal(anew?.seq, 1)
  assert.notEqual(anew?.epoch, first?.epoch)
})

test('who asks for heads keeps a room from being forgotten', { skip }, async () => {
  let offset = 0
  const { driver, schema } = await node({ clockOffset: () => offset })
  const heads = await driver.subscribe(['room'])
  for (let step = 0; step < 4; step++) {
    offset += 1_800_000
    assert.deepEqual(await driver.heads(['room']), heads)
    await sql(`select ${schema}.room_sweep(0, 500, 3600000, $1)`, [offset])
  }
  assert.deepEqual(await driver.heads(['room']), heads)
})

test('tables that are missing are said to be, where nobody may make them', { skip }, async () => {
  await assert.rejects(node({ migrate: false }), { code: 'ERR_CONFIG_INVALID' })
})

test('a tx that is none is refused', { skip }, async () => {
  const { driver } = await node()
  await assert.rejects(driver.publish([outgoing('room', 'text')], { tx: {} }), { code: 'ERR_UNSUPPORTED' })
})

test('a driver that is not started says so', async () => {
  const driver = postgresRooms({ url: 'postgres://127.0.0.1:1/none' })
  await assert.rejects(driver.read('room', { newest: 1 }), { code: 'ERR_NOT_STARTED' })
  await assert.rejects(driver.subscribe(['room']), { code: 'ERR_NOT_STARTED' })
})
