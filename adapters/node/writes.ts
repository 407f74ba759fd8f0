import type { Frame, SocketTransport } from '../../core/ports/socket.js'
import { writeRaw } from './raw-write.js'
import { NodeSocket } from './socket.js'

/** `bytes` is header and payload as they go over the wire. */
interface NodeFrame extends Frame {
  readonly bytes: Buffer
  /** Where the payload begins. */
  readonly head: number
}

/** Writes messages that were framed once to any number of sockets, each socket's share of a turn in one write. */
export const writes: SocketTransport = {
  prepare(text): NodeFrame {
    const length = Buffer.byteLength(text)
    const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
    const bytes = Buffer.allocUnsafe(head + length)
    writeHead(bytes, head, length)
    bytes.write(text, head)
    return { size: bytes.length, bytes, head }
  },
  deliver(frames, sockets) {
    const batch = frames as readonly NodeFrame[]
    const joined = join(batch)
    if (joined === undefined) return
    for (const socket of sockets) if (socket instanceof NodeSocket) deliverTo(socket, batch, joined)
  },
}

/** Of a whole text message of a server (RFC 6455, 5.2): it is neither masked nor compressed. */
function writeHead(bytes: Buffer, head: number, length: number): void {
  bytes[0] = wholeText
  if (head === 2) bytes[1] = length
  else if (head === 4) {
    bytes[1] = 126
    bytes.writeUInt16BE(length, 2)
  } else {
    bytes[1] = 127
    bytes.writeBigUInt64BE(BigInt(length), 2)
  }
}

const wholeText = 0x81

function deliverTo(socket: NodeSocket, frames: readonly NodeFrame[], joined: Buffer): void {
  if (!socket.open) return
  try {
    if (writeRaw(socket.ws, joined)) return
    for (const { bytes, head } of frames) socket.ws.send(bytes.subarray(head), { binary: false })
  } catch {
    socket.terminate() // This one is broken, the others are not; whoever cares hears of its end by its close event.
  }
}

/** The bytes of all frames, `undefined` without any. Every socket of the call gets the same buffer. */
function join(frames: readonly NodeFrame[]): Buffer | undefined {
  return frames.length > 1 ? Buffer.concat(frames.map(({ bytes }) => bytes)) : frames[0]?.bytes
}
