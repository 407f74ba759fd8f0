import assert from 'node:assert/strict'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import pg from 'pg'
import { eventually } from '../kit/eventually.js'
import { privatePostgres } from './postgres.js'
import type { PrivateServer, PrivateService } from './private-server.js'
import { startProxy } from './proxy.js'
import { type PrivateRedisOptions, privateRedis } from './redis.js'

const noRedis = await missing(privateRedis())
const noPostgres = await missing(privatePostgres())

test('a private Redis keeps its port and its data over kill -9', { skip: noRedis }, async (t) => {
  const server = await redisOf(t)
  await ask(server, (redis) => redis.set('key', 'value'))
  const folder = await ask(server, (redis) => redis.config('GET', 'dir'))
  await server.kill('KILL')
  await assert.rejects(connected(server.port), { code: 'ECONNREFUSED' })
  await server.restart()
  assert.equal(await ask(server, (redis) => redis.get('key')), 'value')
  await server.stop()
  await assert.rejects(access((folder as string[])[1] ?? ''), { code: 'ENOENT' })
})

test('a private Redis without its file has lost everything', { skip: noRedis }, async (t) => {
  const server = await redisOf(t, { aof: false })
  await ask(server, (redis) => redis.set('key', 'value'))
  await server.kill('TERM')
  await server.restart()
  assert.equal(await ask(server, (redis) => redis.get('key')), null)
})

test('a frozen Redis answers when it is thawed', { skip: noRedis }, async (t) => {
  const server = await redisOf(t)
  await ask(server, async (redis) => {
    await redis.ping()
    server.freeze()
    const order: string[] = []
    const answer = redis.ping().then(() => order.push('answer'))
    await connected(server.port) // The kernel takes connections for it.
    order.push('thaw')
    server.thaw()
    await answer
    assert.deepEqual(order, ['thaw', 'answer'])
  })
})

test('a replica that was held back has missed the tail', { skip: noRedis }, async (t) => {
  const master = await redisOf(t)
  const link = await startProxy(master.port)
  t.after(() => link.close())
  const replica = await redisOf(t, { replicaOf: link.port })
  await ask(master, (redis) => redis.set('key', 'early'))
  await eventually(async () => assert.equal(await ask(replica, (redis) => redis.get('key')), 'early'))
  link.hold()
  await ask(master, (redis) => redis.set('key', 'late'))
  await master.kill('KILL')
  await ask(replica, (redis) => redis.replicaof('NO', 'ONE'))
  assert.equal(await ask(replica, (redis) => redis.get('key')), 'early')
})

for (const [name, signal] of [
  ['immediate', 'QUIT'],
  ['fast', 'INT'],
  ['forced', 'KILL'],
] as const) {
  test(`a private PostgreSQL keeps its port and its data over a restart, ${name}`, { skip: noPostgres }, async (t) => {
    const server = await postgresOf(t)
    const told = await query(server, 'create table kept (value int); insert into kept values (1)', 'show fsync')
    assert.deepEqual(told, [{ fsync: 'on' }])
    const open = new pg.Client({ connectionString: server.url })
    open.on('error', () => {}) // It is cut off.
    await open.connect()
    await server.kill(signal)
    await server.restart()
    assert.deepEqual(await query(server, 'select value from kept'), [{ value: 1 }])
  })
}

async function missing(starting: Promise<PrivateService>): Promise<string | false> {
  const server = await starting
  await server.stop()
  return server.missing
}

async function redisOf(t: TestContext, options?: PrivateRedisOptions): Promise<PrivateServer> {
  const server = await privateRedis(options)
  t.after(() => server.stop())
  assert.equal(server.missing, false)
  return server
}

async function postgresOf(t: TestContext): Promise<PrivateServer> {
  const server = await privatePostgres()
  t.after(() => server.stop())
  assert.equal(server.missing, false)
  return server
}

async function ask<T>({ url }: PrivateServer, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url)
  redis.on('error', () => {}) // What is asked rejects as well.
  try {
    return await question(redis)
  } finally {
    redis.disconnect()
  }
}

async function query({ url }: PrivateServer, ...texts: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let rows: unknown[] = []
  for (const text of texts) rows = (await client.query(text)).rows
  await client.end()
  return rows
}

async function connected(port: number): Promise<void> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
