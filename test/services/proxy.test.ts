import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { eventually } from '../kit/eventually.js'
import { startProxy, type TcpProxy } from './proxy.js'

test('a proxy carries bytes and ends both ways', async (t) => {
  const { server, proxy, open } = await setup(t)
  const client = await open()
  client.say('x'.repeat(5_000_000))
  await eventually(() => assert.equal(client.heard().length, 'open?'.length + 5_000_000))
  client.socket.end()
  await once(client.socket, 'close')
  await eventually(() => assert.deepEqual([server.open(), proxy.links, proxy.swallowed], [0, 0, 0]))
})

test('sever resets the links that are open, and new ones work', async (t) => {
  const { server, proxy, open } = await setup(t)
  const client = await open()
  const failed = once(client.socket, 'error')
  proxy.sever()
  const [error] = await failed
  assert.equal(error.code, 'ECONNRESET')
  await eventually(() => assert.equal(server.open(), 0))
  await open()
})

test('aim sends new links elsewhere', async (t) => {
  const { server, proxy, open } = await setup(t)
  const other = await startEcho()
  t.after(() => other.close())
  proxy.aim(other.port)
  await open()
  assert.deepEqual([server.heard(), other.heard()], ['', 'open?'])
})

test('refuse keeps new links out and leaves the others, until accept', async (t) => {
  const { proxy, open } = await setup(t)
  const client = await open()
  proxy.refuse()
  await assert.rejects(open(), { code: 'ECONNRESET' })
  await client.echo('still here')
  proxy.accept()
  await open()
})

test('swallow leaves the sockets open, and nothing arrives at either end, not even that the other is gone', async (t) => {
  const { server, proxy, open } = await setup(t)
  const client = await open()
  proxy.swallow()
  client.say('lost')
  await eventually(() => assert.equal(proxy.swallowed, 4))
  server.say('gone')
  await eventually(() => assert.equal(proxy.swallowed, 8))
  const late = await connect(proxy.port)
  late.say('late')
  await eventually(() => assert.equal(proxy.swallowed, 12))
  assert.equal(proxy.links, 2)
  client.socket.end()
  await eventually(() => assert.equal(proxy.links, 1))
  proxy.accept()
  await open()
  assert.deepEqual([server.heard(), client.heard(), client.socket.closed], ['open?open?', 'open?', false])
  assert.equal(server.open(), 3)
})

test('swallowed answers leave the server hearing its clients', async (t) => {
  const { server, proxy, open } = await setup(t)
  const client = await open()
  proxy.swallow('answers')
  client.say('done')
  await eventually(() => assert.equal(server.heard(), 'open?done'))
  await eventually(() => assert.equal(proxy.swallowed, 4))
  assert.equal(client.heard(), 'open?')
})

test('hold delivers nothing until release, and then everything', async (t) => {
  const { server, proxy, open } = await setup(t)
  const [client, direct] = [await open(), await connect(server.port)]
  proxy.hold()
  client.say('held')
  const late = await connect(proxy.port)
  late.say('too')
  await direct.echo('fence')
  assert.equal(server.heard(), 'open?fence')
  proxy.release()
  await eventually(() => assert.deepEqual([client.heard(), late.heard()], ['open?held', 'too']))
})

test('close resets what is open', async (t) => {
  const { proxy, open } = await setup(t)
  const client = await open()
  const failed = once(client.socket, 'error')
  await proxy.close()
  const [error] = await failed
  assert.equal(error.code, 'ECONNRESET')
})

test('a client of a server that is not there is reset', async (t) => {
  const { server, open } = await setup(t)
  await server.close()
  await assert.rejects(open(), { code: 'ECONNRESET' })
})

test('via names the proxy instead of the server', async (t) => {
  const { proxy } = await setup(t)
  assert.equal(proxy.via('redis://user:secret@localhost:6379/2'), `redis://user:secret@127.0.0.1:${proxy.port}/2`)
})

interface Setup {
  readonly server: Awaited<ReturnType<typeof startEcho>>
  readonly proxy: TcpProxy
  open(): Promise<Client>
}

async function setup(t: TestContext): Promise<Setup> {
  const server = await startEcho()
  const proxy = await startProxy(server.port)
  t.after(async () => {
    await proxy.close().catch(() => {}) // It may be closed already.
    await server.close()
  })
  return {
    server,
    proxy,
    /** A link that has worked. */
    async open() {
      const client = await connect(proxy.port)
      await client.echo('open?')
      return client
    },
  }
}

interface Client {
  readonly socket: Socket
  heard(): string
  say(text: string): void
  /** Says something and waits until the server has said it back. */
  echo(text: string): Promise<void>
}

async function connect(port: number): Promise<Client> {
  const socket = createConnection(port, '127.0.0.1')
  let heard = ''
  const failed = new Promise<never>((_, reject) => socket.once('error', reject))
  failed.catch(() => {}) // Only those who wait for an echo care.
  socket.on('data', (bytes) => {
    heard += bytes
  })
  await Promise.race([once(socket, 'connect'), failed])
  return {
    socket,
    heard: () => heard,
    say: (text) => void socket.write(text),
    async echo(text) {
      socket.write(text)
      await Promise.race([eventually(() => assert.ok(heard.endsWith(text))), failed])
    },
  }
}

async function startEcho() {
  const sockets = new Set<Socket>()
  let heard = ''
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (bytes) => {
      heard += bytes
      socket.write(bytes)
    })
    socket.on('error', () => {}) // Tests reset links.
    socket.on('close', () => sockets.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => heard,
    open: () => sockets.size,
    say(text: string) {
      for (const socket of sockets) socket.write(text)
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}
