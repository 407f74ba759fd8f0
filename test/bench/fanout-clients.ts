// Run as a child process: opens WebSockets with bare sockets, and counts and checks every frame that arrives.
import { connect, type Socket } from 'node:net'
import { marker } from './fanout-message.js'

interface Start {
  readonly port: number
  readonly path: string
  readonly clients: number
}

const upgrade = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

let sockets: Socket[] = []
let expected = 0
let received = 0
let wrong = 0

process.on('message', async (message: Start | { readonly expect: number } | 'close') => {
  if (message === 'close') for (const socket of sockets) socket.destroy()
  else if ('expect' in message) expect(message.expect)
  else await open(message)
})

async function open({ port, path, clients }: Start): Promise<void> {
  sockets = []
  for (let index = 0; index < clients; index++) sockets.push(await client(port, path))
  process.send?.('open')
}

function expect(frames: number): void {
  received = 0
  wrong = 0
  expected = frames
  process.send?.('ready')
}

function client(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(upgrade(path)))
    let rest: Buffer | undefined
    let next = 0
    let upgraded = false
    socket.once('error', reject)
    socket.on('data', (chunk: Buffer) => {
      let data = rest ? Buffer.concat([rest, chunk]) : chunk
      if (!upgraded) {
        const end = data.indexOf('\r\n\r\n')
        if (end < 0) return
        upgraded = true
        data = data.subarray(end + 4)
        resolve(socket)
      }
      rest = eachFrame(data, (number) => {
        if (number === undefined) return
        // A new run counts from 0 again on the same sockets.
        if (number === 0) next = 0
        if (number !== next++) wrong++
        if (++received === expected) process.send?.({ received, wrong })
      })
    })
  })
}

/** Calls back with the number in each whole frame, `undefined` for one without. Returns what is left over. */
function eachFrame(data: Buffer, found: (number: number | undefined) => void): Buffer | undefined {
  let at = 0
  while (at + 2 <= data.length) {
    const short = (data[at + 1] ?? 0) & 0x7f
    const header = short === 126 ? 4 : 2
    if (at + header > data.length) break
    const end = at + header + (short === 126 ? data.readUInt16BE(at + 2) : short)
    if (end > data.length) break
    found(numberIn(data, at + header, end))
    at = end
  }
  return at < data.length ? data.subarray(at) : undefined
}

function numberIn(data: Buffer, from: number, to: number): number | undefined {
  const at = data.indexOf(marker, from)
  if (at < 0 || at >= to) return undefined
  let number = 0
  for (let index = at + marker.length; index < at + marker.length + 8; index++)
    number = number * 10 + (data[index] ?? 0) - 48
  return number
}
