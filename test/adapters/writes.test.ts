import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket as NetSocket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import * as ws from 'ws'
import { NodeSocket } from '../../adapters/node/socket.js'
import { writes } from '../../adapters/node/writes.js'

/** A WebSocket of our side, and a bare TCP client that sees every byte. */
async function pair(
  t: TestContext,
): Promise<{ readonly socket: NodeSocket; readonly client: NetSocket; chunks: Buffer[] }> {
  const server = createServer()
  const sockets = new ws.WebSocketServer({ noServer: true, clientTracking: false })
  const accepted = new Promise<ws.WebSocket>((resolve) => {
    server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, resolve))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  const link = await accepted
  await once(client, 'data')
  const chunks: Buffer[] = []
  client.on('data', (chunk) => chunks.push(chunk))
  t.after(() => {
    link.terminate()
    client.destroy()
    server.close()
  })
  return { socket: new NodeSocket(link), client, chunks }
}

const sizes = [125, 126, 200, 65_535, 65_536, 70_000]
const texts = ['{"a":1}', '→ naïve 漢字 🧬', ...sizes.map((size) => 'x'.repeat(size))]

/** Takes text frames apart, without trusting the library that made them. */
function messagesIn(bytes: Buffer): string[] {
  const messages: string[] = []
  for (let at = 0; at < bytes.length; ) {
    assert.equal(bytes[at], 0x81, 'a whole, uncompressed text frame')
    const short = bytes[at + 1] ?? 0
    const [length, header] =
      short < 126
        ? [short, 2]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), 4]
          : [Number(bytes.readBigUInt64BE(at + 2)), 10]
    messages.push(bytes.toString('utf8', at + header, at + header + length))
    at += header + length
  }
  return messages
}

describe('raw writes', () => {
  it('a frame knows its size on the wire', () => {
    assert.deepEqual(
      texts.map((text) => writes.prepare(text).size),
      texts.map(
        (text) =>
          Buffer.byteLength(text) + (Buffer.byteLength(text) < 126 ? 2 : Buffer.byteLength(text) < 65_536 ? 4 : 10),
      ),
    )
    assert.equal(writes.prepare('').size, 2)
  })

  it('bytes arrive intact and in order, multi-byte and long ones too', async (t) => {
    const { socket, chunks } = await pair(t)
    const frames = texts.map((text) => writes.prepare(text))
    const total = frames.reduce((sum, { size }) => sum + size, 0)
    writes.deliver(frames, [socket])
    while (Buffer.concat(chunks).length < total) await new Promise(setImmediate)
    assert.deepEqual(messagesIn(Buffer.concat(chunks)), texts)
  })

  it('the messages of one call leave in one write and arrive as one chunk', async (t) => {
    const { socket, client, chunks } = await pair(t)
    const stream = (socket.ws as unknown as { _socket: NetSocket })._socket
    const write = t.mock.method(stream, 'write')
    writes.deliver(['one', 'två', 'three'].map(writes.prepare), [socket])
    await once(client, 'data')
    assert.equal(write.mock.callCount(), 1)
    assert.equal(chunks.length, 1)
    assert.deepEqual(messagesIn(Buffer.concat(chunks)), ['one', 'två', 'three'])
  })

  it('several sockets of one call share the same bytes', async (t) => {
    const [a, b] = [await pair(t), await pair(t)]
    const written: unknown[] = []
    for (const { socket } of [a, b]) {
      const stream = (socket.ws as unknown as { _socket: NetSocket })._socket
      const write = stream.write.bind(stream)
      t.mock.method(stream, 'write', (chunk: Buffer) => {
        written.push(chunk)
        return write(chunk)
      })
    }
    writes.deliver([writes.prepare('one'), writes.prepare('two')], [a.socket, b.socket])
    assert.equal(written.length, 2)
    assert.equal(written[0], written[1])
  })

  it('between the fragments of another message the public way is taken, and the other message stays whole', async (t) => {
    const { socket } = await pair(t)
    const sender = (socket.ws as unknown as { _sender: { sendFrame(...args: unknown[]): void } })._sender
    socket.ws.send('frag', { fin: false })
    const raw = t.mock.method(sender, 'sendFrame')
    writes.deliver([writes.prepare('whole')], [socket])
    // The public way frames anew: header and payload are two buffers.
    assert.equal((raw.mock.calls[0]?.arguments[0] as Buffer[] | undefined)?.length, 2)
  })

  it('an implementation without the private parts is served by send()', () => {
    const sent: unknown[] = []
    const fake = { readyState: 1, OPEN: 1, extensions: '', send: (data: Buffer) => sent.push(String(data)) }
    writes.deliver([writes.prepare('one'), writes.prepare('två')], [new NodeSocket(fake as unknown as ws.WebSocket)])
    assert.deepEqual(sent, ['one', 'två'])
  })

  it('a socket that is closing gets nothing, and a broken one harms nobody', async (t) => {
    const broken = await pair(t)
    const closing = await pair(t)
    const good = await pair(t)
    const fake = { readyState: 1, OPEN: 1, extensions: '', send: () => assert.fail('broken'), terminate: t.mock.fn() }
    closing.socket.close(1000, '')
    broken.client.destroy()
    writes.deliver(
      [writes.prepare('hi')],
      [closing.socket, new NodeSocket(fake as unknown as ws.WebSocket), good.socket],
    )
    await once(good.client, 'data')
    assert.equal(fake.terminate.mock.callCount(), 1)
    assert.equal(closing.socket.open, false)
    assert.deepEqual(messagesIn(Buffer.concat(good.chunks)), ['hi'])
  })

  it('a ping is two bytes', async (t) => {
    const { socket, client, chunks } = await pair(t)
    socket.ping()
    await once(client, 'data')
    assert.deepEqual(Buffer.concat(chunks), Buffer.of(0x89, 0))
  })
})
