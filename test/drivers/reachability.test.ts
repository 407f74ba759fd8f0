import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Env } from '../../core/placement.js'
import { runtimeFactory } from '../../core/runtime.js'
import { createDetect } from '../../drivers/detect.js'
import { nodePlatform, table } from '../../drivers/index.js'
import { missingLibraries } from '../../drivers/libraries.js'
import { findOpenTelemetry } from '../../drivers/opentelemetry/found.js'
import { unreachable } from '../../drivers/reachability.js'
import { freePort } from '../services/service.js'

/** Takes connections on a port of this machine, and does with them what the test wants. */
async function listen(t: TestContext, take: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    take(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const silent = (): void => {}
const redisGreets = (socket: Socket) =>
  void socket.on('data', () => socket.write('-NOAUTH Authentication required.\r\n'))
const postgresGreets = (socket: Socket) =>
  void socket.on('data', (asked) => {
    assert.deepEqual([...asked], [0, 0, 0, 8, 4, 210, 22, 47])
    socket.write('N')
  })

const redisAt = (port: number) => `redis://:secret@127.0.0.1:${port}`
const postgresAt = (port: number) => `postgres://me:secret@127.0.0.1:${port}/app`
/** Milliseconds. Long, where an answer comes; short, where none ever does. */
const long = 10_000
const short = 100

interface Asking {
  readonly option?: 'url' | 'dataDir'
  readonly patience?: number
}

function ask(driver: 'redis' | 'postgres', value: string, { option = 'url', patience = long }: Asking = {}) {
  return unreachable({ driver, option, value, variable: 'X', example: '' }, patience)
}

test('a server that answers is there, whatever it says', async (t) => {
  assert.equal(await ask('redis', redisAt(await listen(t, redisGreets))), undefined)
  assert.equal(await ask('postgres', postgresAt(await listen(t, postgresGreets))), undefined)
})

test('a port on which nobody listens is not, and neither is a name that nobody has', async () => {
  const port = await freePort()
  assert.equal(await ask('redis', redisAt(port)), `nothing answers at 127.0.0.1:${port} (ECONNREFUSED)`)
  assert.equal(await ask('postgres', postgresAt(port)), `nothing answers at 127.0.0.1:${port} (ECONNREFUSED)`)
  assert.match((await ask('redis', 'redis://nobody.invalid')) ?? '', /nobody\.invalid:6379/)
})

test('a server that takes the connection and says nothing is given up after a moment', async (t) => {
  const port = await listen(t, silent)
  const why = `127.0.0.1:${port} has not answered within ${short} ms`
  assert.equal(await ask('redis', redisAt(port), { patience: short }), why)
  assert.equal(await ask('postgres', postgresAt(port), { patience: short }), why)
  assert.equal(await ask('redis', `rediss://127.0.0.1:${port}`, { patience: short }), why)
})

test('a server that hangs up without a word is not there', async (t) => {
  const port = await listen(t, (socket) => socket.end())
  assert.match((await ask('redis', redisAt(port))) ?? '', /has closed the connection|nothing answers/)
})

test('where there is no port to ask, nobody is asked', async () => {
  assert.equal(await ask('postgres', './data', { option: 'dataDir' }), undefined)
  assert.equal(await ask('postgres', 'postgres://%2Fvar%2Frun%2Fpostgresql/app'), undefined)
  assert.equal(await ask('postgres', 'postgres:///app?host=/var/run/postgresql'), undefined)
})

/** What a runtime in this environment uses, with nothing configured. */
async function choicesIn(env: Env, patience = long) {
  const lines: string[] = []
  const detect = createDetect({
    names: (port) => Object.keys(table[port]),
    missing: missingLibraries,
    unreachable: (address) => unreachable(address, patience),
    tracing: findOpenTelemetry,
  })
  const create = runtimeFactory(table, { ...nodePlatform, env: () => env, detect, write: (line) => lines.push(line) })
  await using runtime = await create({ report: () => {} }).start()
  const { drivers } = await runtime.inspect()
  return { drivers, lines }
}

test('while developing, a server that is down or says nothing leaves memory, and line and inspect say why', async (t) => {
  const closed = await freePort()
  const mute = await listen(t, silent)
  const { drivers, lines } = await choicesIn({ DATABASE_URL: postgresAt(closed), REDIS_URL: redisAt(mute) }, 500)
  const down = `DATABASE_URL is set but nothing answers at 127.0.0.1:${closed} (ECONNREFUSED)`
  const slow = `REDIS_URL is set but 127.0.0.1:${mute} has not answered within 500 ms`
  assert.deepEqual(drivers.queue, { name: 'memory', chosenBy: 'auto', reason: `${down}, and ${slow}` })
  assert.deepEqual(drivers.rooms, { name: 'memory', chosenBy: 'auto', reason: `${slow}, and ${down}` })
  assert.match(lines[0] ?? '', /memory for queue, because DATABASE_URL is set but nothing answers at/)
  assert.doesNotMatch(lines.join(), /secret/)
})

for (const [title, env] of [
  ['in production', { NODE_ENV: 'production' }],
  ['a driver that is named', { TRIPORT_QUEUE: 'redis', TRIPORT_ROOMS: 'redis' }],
] as const) {
  test(`${title}: a server that is down ends the start, and nothing takes its place`, async () => {
    const REDIS_URL = redisAt(await freePort())
    await assert.rejects(choicesIn({ ...env, REDIS_URL }), {
      code: 'ERR_DRIVER_UNAVAILABLE',
      message: /^(?!.*secret)/s,
    })
  })
}

test('in production nothing found is an error that asks for a choice, for the first port that lacks one', async () => {
  await assert.rejects(choicesIn({ NODE_ENV: 'production' }), {
    code: 'ERR_DRIVER_CHOICE_REQUIRED',
    message: /no queue driver is chosen.*TRIPORT_QUEUE/,
  })
  await assert.rejects(choicesIn({ NODE_ENV: 'production', DATABASE_URL: 'mysql://me:secret@db/app' }), {
    code: 'ERR_DRIVER_CHOICE_REQUIRED',
    message: /DATABASE_URL is set but is no address of postgres\. Pass/,
  })
})
