import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'

export interface Received {
  readonly type: string
  readonly room?: string
  readonly data?: unknown
  readonly traceparent?: string
}

/** A WebSocket client that remembers what it heard. */
export interface Client {
  readonly ws: WebSocket
  readonly messages: readonly Received[]
  /** The first message that fits, once it is there. */
  heard(type: string, fits?: (message: Received) => boolean): Promise<Received>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

/** Resolves when the socket is open; rejects with `status` when the server answers anything but 101. */
export async function openSocket(
  t: TestContext,
  url: string,
  options: { headers?: Record<string, string>; protocols?: string[] } = {},
): Promise<Client> {
  const ws = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} })
  t.after(() => ws.terminate())
  const messages: Received[] = []
  const waiting = new Set<() => void>()
  ws.on('message', (text) => {
    messages.push(JSON.parse(String(text)))
    for (const look of waiting) look()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  await new Promise<void>((resolve, reject) => {
    ws.on('open', resolve)
    ws.on('unexpected-response', (_, response) =>
      reject(Object.assign(new Error('refused'), { status: response.statusCode })),
    )
    ws.on('error', reject)
  })
  return {
    ws,
    messages,
    closed,
    heard: (type, fits = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const found = messages.find((message) => message.type === type && fits(message))
          if (!found) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

/** The HTTP status that an upgrade is refused with. */
export async function refusedStatus(
  t: TestContext,
  url: string,
  headers: Record<string, string> = {},
): Promise<number> {
  try {
    const { ws } = await openSocket(t, url, { headers })
    ws.terminate()
    return 101
  } catch (error) {
    return (error as { status?: number }).status ?? 0
  }
}

export const handshake = [
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]

/** A bare TCP client, for what no well-behaved library would send. */
export function rawClient(t: TestContext, port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}) // A reset by the server is among what is tested.
  t.after(() => socket.destroy())
  return socket
}

/** Asks for an upgrade over bare TCP. */
export function rawUpgrade(t: TestContext, port: number, path: string, headers: readonly string[] = handshake): Socket {
  const socket = rawClient(t, port)
  socket.write(`GET ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  return socket
}

/** Everything that the server sends until it ends the link. */
export async function untilEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  if (!socket.destroyed) await once(socket, 'close')
  return Buffer.concat(chunks)
}

/** A close frame as the server sends it: code and reason. */
export function closeFrameIn(bytes: Buffer): { readonly code: number; readonly reason: string } | undefined {
  const body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  const at = body.lastIndexOf(0x88)
  if (at < 0) return undefined
  return { code: body.readUInt16BE(at + 2), reason: body.toString('utf8', at + 4) }
}
