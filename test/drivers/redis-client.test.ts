import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { systemClock } from '../../core/clock.js'
import { isTriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { type Connections, connectRedis } from '../../drivers/redis/client.js'
import { type Link, loadLibrary } from '../../drivers/redis/library.js'
import { createCalls } from '../../drivers/redis/link.js'
import { type RedisOptions, settingsOf } from '../../drivers/redis/options.js'
import { defineScript } from '../../drivers/redis/script.js'
import { driverContext } from '../kit/driver-context.js'
import { eventually } from '../kit/eventually.js'
import { reportSpy } from '../kit/spy.js'
import { redisService } from '../services/redis.js'

const service = await redisService()
after(() => service.stop())
const withRedis = { skip: service.missing }

const echo = defineScript('return {KEYS[1], ARGV[1]}')

test('redis: a script runs, also when the server has forgotten it', withRedis, async (t) => {
  const { connections, admin } = await open(t)
  for (const _ of [1, 2]) {
    assert.deepEqual(await connections.command.run(echo, ['a']), ['{client}:', 'a'])
    assert.deepEqual(await connections.worker.run(echo, ['b']), ['{client}:', 'b'])
    await admin.script('FLUSH')
  }
})

test('redis: a call that is under way when its link breaks is sent again', withRedis, async (t) => {
  const { connections, admin } = await open(t)
  const count = defineScript(
    "redis.call('INCR', KEYS[1] .. 'n'); for _ = 1, 2e7 do end; return redis.call('GET', KEYS[1] .. 'n')",
  )
  const answer = connections.command.run(count, [])
  await eventually(async () => assert.match(String(await admin.client('LIST')), /triport:test:command/))
  await kill(admin, 'command')
  assert.ok(Number(await answer) >= 1)
  assert.deepEqual(await connections.command.run(echo, ['a']), ['{client}:', 'a'])
})

test('redis: what is subscribed is heard again after an interruption, which is told', withRedis, async (t) => {
  const heard: string[] = []
  const { connections, admin } = await open(t, {
    message: (channel, text) => void heard.push(`${channel} ${text}`),
    down: () => void heard.push('down'),
    renewed: () => void heard.push('renewed'),
  })
  await Promise.all([connections.subscriber.subscribe(['a']), connections.subscriber.subscribe(['b', 'c'])])
  connections.subscriber.unsubscribe(['b'])
  await kill(admin, 'subscriber')
  await eventually(() => assert.deepEqual(heard, ['down', 'renewed']))
  await connections.subscriber.subscribe(['d'])
  for (const channel of ['a', 'b', 'c', 'd']) await admin.publish(channel, '1')
  await eventually(() => assert.deepEqual(heard.slice(2), ['a 1', 'c 1', 'd 1']))
})

test('redis: calls fail fast while the server is away', withRedis, async (t) => {
  const own = await redisService()
  t.after(() => own.stop())
  const { connections } = await open(t, { url: own.url ?? '', report: () => {} })
  await own.stop()
  const from = performance.now()
  await assert.rejects(connections.command.run(echo, ['a']), { code: 'ERR_DRIVER_UNAVAILABLE', retryable: true })
  assert.ok(performance.now() - from < 5_000)
})

test('redis: many calls wait for a link that is down, with one listener, until it is up or given up', async () => {
  const link = Object.assign(new EventEmitter(), { status: 'reconnecting', call: async () => 'done' })
  const calls = createCalls({
    untraced: (fn) => fn(),
    link: link as unknown as Link,
    prefix: '{client}:',
    clock: systemClock,
    patience: { answer: 10_000, down: 10_000 },
  })
  const many = () => Promise.allSettled(Array.from({ length: 50 }, () => calls.run(echo, [])))
  const answers = many()
  assert.equal(link.listenerCount('ready'), 1)
  link.status = 'ready'
  link.emit('ready')
  assert.ok((await answers).every(({ status }) => status === 'fulfilled'))
  link.status = 'reconnecting'
  const given = many()
  calls.close()
  assert.ok((await given).every(({ status }) => status === 'rejected'))
  assert.deepEqual([link.listenerCount('ready'), link.listenerCount('end')], [0, 0])
})

test('redis: no error holds the password or the command', withRedis, async (t) => {
  const { connections, admin } = await open(t)
  const wrong = String(service.url).replace('redis://', 'redis://default:s3cret@')
  await admin.config('SET', 'requirepass', 'other')
  const refused = await failureOf(connect({ url: wrong }))
  await admin.config('SET', 'requirepass', '')
  const unreachable = await failureOf(connect({ url: 'redis://default:s3cret@127.0.0.1:1' }))
  const script = await failureOf(
    connections.command.run(defineScript("return redis.call('NOSUCH', ARGV[1])"), ['s3cret']),
  )
  for (const [error, code] of [
    [refused, 'ERR_CONFIG_INVALID'],
    [unreachable, 'ERR_DRIVER_UNAVAILABLE'],
    [script, 'ERR_DRIVER_UNAVAILABLE'],
  ] as const) {
    assert.ok(isTriportError(error, code))
    assert.doesNotMatch(inspected(error), /s3cret/)
  }
  assert.throws(
    () => settingsOf({ url: 'redis://default:s3cret@host:port' }),
    (error) => {
      return isTriportError(error, 'ERR_CONFIG_INVALID') && !inspected(error).includes('s3cret')
    },
  )
})

test(
  'redis: a user that Redis refuses is a fault of the configuration, which no second try helps',
  withRedis,
  async (t) => {
    const { admin } = await open(t)
    const user = `user-${crypto.randomUUID()}`
    await admin.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', '+@all', '-evalsha', '-eval')
    const wrong = await failureOf(connect({ url: service.url ?? '', username: user, password: 'other' }))
    const connections = await connect({ url: service.url ?? '', username: user, password: 'secret' })
    const denied = await failureOf(connections.command.run(echo, ['a']))
    const deniedInLane = await failureOf(connections.lane.run(echo, ['a'], String))
    connections.close()
    await admin.call('ACL', 'DELUSER', user)
    for (const error of [wrong, denied, deniedInLane]) {
      assert.ok(isTriportError(error, 'ERR_CONFIG_INVALID'))
      assert.equal(error.retryable, false)
      assert.match(error.message, /refuses the user: (?:WRONGPASS|NOPERM)/)
    }
  },
)

test('redis: who takes something else for a Redis hears that', async (t) => {
  const web = createServer((socket) => void socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.after(() => web.close())
  const { port } = web.address() as AddressInfo
  assert.match(String(await failureOf(connect({ url: `redis://127.0.0.1:${port}` }))), /What answers there is no Redis/)
})

test('redis: who asks a server without TLS for it hears that', withRedis, async (t) => {
  const plain = createServer((socket) => void socket.on('data', () => socket.end('-ERR Protocol error\r\n')))
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  t.after(() => plain.close())
  const { port } = plain.address() as AddressInfo
  const refused = await failureOf(connect({ url: `rediss://127.0.0.1:${port}` }))
  assert.match(String(refused), /cannot be reached over TLS\. If it has none there, write redis:\/\//)
  const away = await failureOf(connect({ url: 'rediss://127.0.0.1:1' }))
  assert.doesNotMatch(String(away), /write redis:/)
})

test('redis: a database that the server does not have is refused, and never another one used', withRedis, async (t) => {
  const { admin } = await open(t)
  const [, count] = (await admin.config('GET', 'databases')) as string[]
  const failure = await failureOf(connect({ url: `${service.url}/${count}` }))
  assert.ok(isTriportError(failure, 'ERR_CONFIG_INVALID'))
  assert.match(failure.message, new RegExp(`database ${count}`))
  const last = await connect({ url: service.url ?? '', db: Number(count) - 1 })
  last.close()
})

test('redis: who cannot connect hears where to', async () => {
  const failure = await failureOf(connect({ url: 'redis://default:s3cret@127.0.0.1:1/2' }))
  assert.match(String(failure), /Redis at 127\.0\.0\.1:1 cannot be reached/)
})

test('redis: a policy that evicts is reported', withRedis, async (t) => {
  const { admin } = await open(t)
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const report = reportSpy()
  const connections = await connect({ url: service.url ?? '', report })
  await admin.config('SET', 'maxmemory-policy', 'noeviction')
  connections.close()
  assert.match(String(report.reports[0]?.error), /allkeys-lru/)
})

test('redis: a client that is passed in is used and never closed', withRedis, async (t) => {
  const client = new Redis(service.url ?? '')
  t.after(() => client.disconnect())
  const connections = await connect({ client })
  assert.deepEqual(await connections.command.run(echo, ['a']), ['{client}:', 'a'])
  assert.deepEqual(await connections.worker.run(echo, ['a']), ['{client}:', 'a'])
  await connections.subscriber.subscribe(['a'])
  connections.close()
  assert.equal(await client.ping(), 'PONG')
})

test('redis: a client that is closed is refused at once', async () => {
  const client = new Redis({ lazyConnect: true })
  client.disconnect()
  await assert.rejects(connect({ client }), { code: 'ERR_CONFIG_INVALID', message: /client is closed/ })
})

test('redis: options that name no server, two, or a prefix of keys are refused', () => {
  const client = new Redis({ lazyConnect: true, keyPrefix: 'mine:' })
  const wrong: RedisOptions[] = [
    {},
    { url: 'redis://a', host: 'b' },
    { url: 'http://a' },
    { client },
    { client: {} as never },
    { host: 'a', namespace: 'a b' },
    { client: new Redis({ lazyConnect: true }), db: 3 },
    { cluster: { nodes: [] } },
  ]
  for (const options of wrong) assert.throws(() => settingsOf(options), { code: 'ERR_CONFIG_INVALID' })
  assert.throws(() => settingsOf({ url: undefined } as never), /names no server: url is undefined/)
})

test(
  'redis: a command of ours knows the commandTimeout of a client of the application, and leaves no timer behind',
  withRedis,
  async (t) => {
    const { command } = await loadLibrary()
    const client = (commandTimeout: number) => {
      const redis = new Redis(service.url ?? '', { commandTimeout })
      t.after(() => redis.disconnect())
      return redis
    }
    const late = command('blpop', [`nobody:${crypto.randomUUID()}`, '0'])
    void client(20).sendCommand(late)
    await assert.rejects(late.promise, /Command timed out/)
    const patient = client(60_000)
    await once(patient, 'ready')
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const before = timers()
    const answered = command('ping', [])
    void patient.sendCommand(answered)
    assert.equal(timers(), before + 1)
    answered.resolve(Buffer.from('PONG'))
    assert.equal(timers(), before)
    await answered.promise
    assert.equal(String(answered.reply), 'PONG')
  },
)

test('redis: a URL tells host, port, user, password, database and TLS', () => {
  const { target, prefix } = settingsOf({ url: 'rediss://us%40er:p%2Fw@[::1]:7000/3', namespace: 'shop' })
  assert.equal(prefix, '{shop}:db3:')
  const options = { host: '::1', port: 7000, username: 'us@er', password: 'p/w', db: 3, tls: {} }
  assert.deepEqual(target, { type: 'single', options })
})

type Opening = RedisOptions &
  Partial<Pick<DriverContext, 'report'>> &
  Partial<Pick<Parameters<typeof connectRedis>[0], 'message' | 'down' | 'renewed'>>

function connect({ report, message = () => {}, down = () => {}, renewed = () => {}, ...options }: Opening) {
  const settings = settingsOf({ namespace: 'client', ...options })
  const context = driverContext(report ? { report } : {})
  return connectRedis({ settings, context, name: 'test', message, down, renewed })
}

async function open(t: { after(fn: () => void): void }, opening: Opening = {}) {
  const connections: Connections = await connect({ url: service.url ?? '', ...opening })
  const admin = new Redis(service.url ?? '')
  t.after(() => {
    connections.close()
    admin.disconnect()
  })
  return { connections, admin }
}

async function kill(admin: Redis, role: string): Promise<void> {
  const list = String(await admin.client('LIST'))
  const id = new RegExp(`^id=(\\d+) .*name=triport:test:${role} `, 'm').exec(list)?.[1]
  await admin.call('CLIENT', 'KILL', 'ID', id ?? '0')
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  )
}

function inspected(error: unknown): string {
  return JSON.stringify(error) + String(error) + String((error as Error).cause) + JSON.stringify((error as Error).cause)
}
