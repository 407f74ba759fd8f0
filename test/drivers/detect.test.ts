import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Port } from '../../core/config.js'
import { TriportError } from '../../core/errors.js'
import type { Env } from '../../core/placement.js'
import { createDetect } from '../../drivers/detect.js'
import { configFromEnv } from '../../drivers/env.js'
import { missingLibraries, missingOf } from '../../drivers/libraries.js'

const DATABASE_URL = 'postgres://me:secret@db.example/app'
const REDIS_URL = 'redis://:secret@cache.example:6379'
const TRIPORT_DATA_DIR = './data'

const drivers: Readonly<Record<Port, readonly string[]>> = {
  queue: ['memory', 'sync', 'redis', 'postgres'],
  rooms: ['memory', 'redis', 'postgres'],
  tracer: ['memory', 'noop', 'opentelemetry'],
}

/** Looks as the runtime does, on a machine where some packages are not installed. */
function detect(
  port: Port,
  env: Env,
  missing: Readonly<Record<string, readonly string[]>> = {},
  unreachable: Readonly<Record<string, string>> = {},
) {
  const look = createDetect({
    names: (name) => drivers[name],
    missing: async ({ driver }) => missing[driver] ?? [],
    unreachable: async ({ driver }) => unreachable[driver],
    tracing: async () => ({ use: false }),
  })
  return look(port, env)
}

const chosen: readonly [title: string, port: Port, env: Env, driver: string, options: object, reason: string][] = [
  ['jobs go to a database', 'queue', { DATABASE_URL }, 'postgres', { url: DATABASE_URL }, 'DATABASE_URL is set'],
  ['jobs go to Redis', 'queue', { REDIS_URL }, 'redis', { url: REDIS_URL }, 'REDIS_URL is set'],
  [
    'jobs go to the database rather than to Redis',
    'queue',
    { REDIS_URL, DATABASE_URL },
    'postgres',
    { url: DATABASE_URL },
    'DATABASE_URL is set',
  ],
  [
    'rooms go to Redis rather than to the database',
    'rooms',
    { REDIS_URL, DATABASE_URL },
    'redis',
    { url: REDIS_URL },
    'REDIS_URL is set',
  ],
  ['rooms go to a database', 'rooms', { DATABASE_URL }, 'postgres', { url: DATABASE_URL }, 'DATABASE_URL is set'],
  [
    'a folder is for us alone, and goes first',
    'rooms',
    { REDIS_URL, TRIPORT_DATA_DIR },
    'postgres',
    { dataDir: './data' },
    'TRIPORT_DATA_DIR is set',
  ],
  [
    'a name goes before addresses',
    'queue',
    { TRIPORT_QUEUE: 'redis', REDIS_URL, DATABASE_URL },
    'redis',
    { url: REDIS_URL },
    'TRIPORT_QUEUE is "redis"',
  ],
  [
    'a driver without an address needs none',
    'rooms',
    { TRIPORT_ROOMS: 'memory', DATABASE_URL },
    'memory',
    {},
    'TRIPORT_ROOMS is "memory"',
  ],
  [
    'an empty variable is none',
    'queue',
    { TRIPORT_QUEUE: '', DATABASE_URL: '', REDIS_URL },
    'redis',
    { url: REDIS_URL },
    'REDIS_URL is set',
  ],
]

for (const [title, port, env, driver, options, reason] of chosen) {
  test(`a ${port} port that is left out: ${title}`, async () => {
    assert.deepEqual(await detect(port, env), { driver, options, reason })
  })
}

test('an address whose library is not installed is passed over, and the reason says so', async () => {
  const missing = { postgres: ['pg', 'pg-boss'] }
  assert.deepEqual(await detect('queue', { DATABASE_URL, REDIS_URL }, missing), {
    driver: 'redis',
    options: { url: REDIS_URL },
    reason: 'DATABASE_URL is set but pg and pg-boss are not installed, and REDIS_URL is set',
  })
  assert.deepEqual(await detect('queue', { DATABASE_URL, REDIS_URL }, { ...missing, redis: ['ioredis'] }), {
    reason:
      'DATABASE_URL is set but pg and pg-boss are not installed, and REDIS_URL is set but ioredis is not installed',
  })
})

test('a driver that is named is not replaced though its library is not installed', async () => {
  const env = { TRIPORT_QUEUE: 'redis', REDIS_URL, DATABASE_URL }
  assert.equal((await detect('queue', env, { redis: ['ioredis'] })).driver, 'redis')
})

const postgresIsDown = { postgres: 'nothing answers at db.example:5432 (ECONNREFUSED)' }
const redisIsSlow = { redis: 'cache.example:6379 has not answered within 1000 ms' }

test('a server that does not answer is passed over while developing, and the reason says so', async () => {
  const env = { DATABASE_URL, REDIS_URL }
  assert.deepEqual(await detect('queue', env, {}, postgresIsDown), {
    driver: 'redis',
    options: { url: REDIS_URL },
    reason: 'DATABASE_URL is set but nothing answers at db.example:5432 (ECONNREFUSED), and REDIS_URL is set',
  })
  assert.deepEqual(await detect('queue', env, {}, { ...postgresIsDown, ...redisIsSlow }), {
    reason:
      'DATABASE_URL is set but nothing answers at db.example:5432 (ECONNREFUSED), and REDIS_URL is set but cache.example:6379 has not answered within 1000 ms',
  })
})

test('in production a server that does not answer stays chosen: its start fails', async () => {
  const env = { NODE_ENV: 'production', DATABASE_URL, REDIS_URL }
  const down = { ...postgresIsDown, ...redisIsSlow }
  assert.equal((await detect('queue', env, {}, down)).driver, 'postgres')
  assert.equal((await detect('rooms', env, {}, down)).driver, 'redis')
})

test('a driver that is named is not replaced though its server does not answer', async () => {
  const env = { TRIPORT_QUEUE: 'redis', REDIS_URL, DATABASE_URL }
  assert.equal((await detect('queue', env, {}, redisIsSlow)).driver, 'redis')
})

test('the database of something else is passed over, and what is no address is refused by the name of its variable', async () => {
  assert.deepEqual(await detect('queue', { DATABASE_URL: 'mysql://me:secret@db/app', REDIS_URL }), {
    driver: 'redis',
    options: { url: REDIS_URL },
    reason: 'DATABASE_URL is set but is no address of postgres, and REDIS_URL is set',
  })
  assert.deepEqual(await detect('queue', { DATABASE_URL: 'file:./dev.db' }), {
    reason: 'DATABASE_URL is set but is no address of postgres',
  })
  const wrong: readonly [Env, RegExp][] = [
    [{ REDIS_URL: 'localhost:6379' }, /REDIS_URL is no address of a Redis\. Write redis:\/\//],
    [{ REDIS_URL: 'redis://me:secret@cache:port' }, /REDIS_URL is no address/],
    [{ REDIS_URL: 'redis://:secret@cache/first' }, /REDIS_URL is no address/],
    [{ DATABASE_URL: 'me:secret@db' }, /DATABASE_URL is no address of a PostgreSQL\. Write postgres:\/\//],
    [{ TRIPORT_QUEUE: 'postgres', DATABASE_URL: 'mysql://me:secret@db/app' }, /DATABASE_URL is no address/],
    [{ TRIPORT_QUEUE: 'redis', REDIS_URL: 'http://me:secret@cache' }, /REDIS_URL is no address/],
  ]
  for (const [env, message] of wrong) {
    await assert.rejects(detect('queue', env), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_CONFIG_INVALID')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /secret/)
      return true
    })
  }
})

const slips: readonly [written: string, meant: string | undefined][] = [
  ['TRIPORT_QEUE', 'TRIPORT_QUEUE'],
  ['TRIPORT_QUEUES', 'TRIPORT_QUEUE'],
  ['TRIPORT_TRACING', 'TRIPORT_TRACER'],
  ['TRIPORT_ROOM', 'TRIPORT_ROOMS'],
  ['TRIPORT_WORKERS', 'TRIPORT_WORKER'],
  ['TRIPORT_DATADIR', 'TRIPORT_DATA_DIR'],
  ['TRIPORT_REDIS_URL', 'REDIS_URL'],
  ['TRIPORT_DATABASE_URL', 'DATABASE_URL'],
  ['TRIPORT_SEED', undefined],
  ['TRIPORT_LONG', undefined],
  ['TRIPORT_SHOP_COLOUR', undefined],
]

for (const [written, meant] of slips) {
  test(`the variable ${written} ${meant ? `is taken for ${meant}, and refused` : 'may be somebody else’s'}`, async () => {
    const env = { [written]: 'redis' }
    if (meant === undefined) {
      assert.deepEqual(await detect('queue', env), {})
      assert.deepEqual(configFromEnv(env), {})
      return
    }
    const error = {
      code: 'ERR_CONFIG_INVALID',
      details: { problems: [`Unknown variable ${written}. Did you mean ${meant}?`] },
    }
    await assert.rejects(detect('queue', env), error)
    assert.throws(() => configFromEnv(env), error)
    assert.deepEqual(configFromEnv({ [written]: '' }), {})
  })
}

test('an environment that names nothing decides nothing', async () => {
  assert.deepEqual(await detect('queue', { PGHOST: 'localhost', REDIS_HOST: 'localhost' }), {})
  assert.deepEqual(await detect('tracer', { DATABASE_URL, REDIS_URL }), {})
})

test('tests get a server only by name', async () => {
  const env = { NODE_ENV: 'test', DATABASE_URL, REDIS_URL }
  assert.deepEqual(await detect('queue', env), {})
  assert.equal((await detect('queue', { ...env, TRIPORT_QUEUE: 'redis' })).driver, 'redis')
})

test('a database on a server and one in a folder: neither is taken for the other', async () => {
  const env = { DATABASE_URL, TRIPORT_DATA_DIR }
  const problem =
    'DATABASE_URL and TRIPORT_DATA_DIR are both set, and only one can be meant. Unset one, or name it in the code.'
  for (const named of [{}, { TRIPORT_QUEUE: 'postgres' }]) {
    await assert.rejects(detect('queue', { ...env, ...named }), {
      code: 'ERR_CONFIG_INVALID',
      details: { problems: [problem] },
    })
  }
  assert.equal((await detect('queue', { ...env, REDIS_URL, TRIPORT_QUEUE: 'redis' })).driver, 'redis')
})

test('no reason has a secret in it', async () => {
  for (const env of [{ DATABASE_URL }, { REDIS_URL }, { TRIPORT_QUEUE: 'redis', REDIS_URL }]) {
    assert.doesNotMatch((await detect('queue', env)).reason ?? '', /secret/)
  }
})

test('a library is looked for by loading it, and other failures than its absence are not taken for that', async () => {
  const here = async () => {}
  const gone = () => Promise.reject(new TriportError('ERR_PEER_MISSING', 'It is not installed.'))
  const broken = () => Promise.reject(new Error('It is broken.'))
  assert.deepEqual(await missingOf({ a: here, b: gone, c: gone }), ['b', 'c'])
  await assert.rejects(missingOf({ a: gone, b: broken }), /It is broken/)
  const address = { variable: 'X', example: '', value: 'x' } as const
  for (const place of [
    { driver: 'redis', option: 'url' },
    { driver: 'postgres', option: 'url' },
    { driver: 'postgres', option: 'dataDir' },
  ] as const) {
    assert.deepEqual(await missingLibraries({ ...address, ...place }), [])
  }
})
