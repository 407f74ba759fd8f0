import type { Frame, SocketTransport } from '../../core/ports/socket.js'
import { writeRaw } from './raw-write.js'
import { NodeSocket } from './socket.js'

/** `bytes` is header and payload as they go over the wire; `payload` is a view of its end. */
interface NodeFrame extends Frame {
  readonly bytes: Buffer
  readonly payload: Buffer
}

/** `Sender` of `ws`: its static `frame` is public, but missing from the type declarations. */
export interface FrameMaker {
  frame(data: Buffer, options: FrameOptions): readonly Buffer[]
}

export interface FrameOptions {
  readonly fin: boolean
  readonly opcode: number
  readonly rsv1: boolean
  readonly mask: boolean
  readonly readOnly: boolean
}

/** Writes messages that were framed once to any number of sockets, each socket's share of a turn in one write. */
export function createWrites(sender: FrameMaker): SocketTransport {
  return {
    prepare(text): NodeFrame {
      const payload = Buffer.from(text)
      const bytes = Buffer.concat(sender.frame(payload, wholeText))
      return { size: bytes.length, bytes, payload: bytes.subarray(bytes.length - payload.length) }
    },
    deliver(frames, sockets) {
      const batch = frames as readonly NodeFrame[]
      const joined = join(batch)
      if (joined === undefined) return
      for (const socket of sockets) if (socket instanceof NodeSocket) deliverTo(socket, batch, joined)
    },
  }
}

const wholeText: FrameOptions = { fin: true, opcode: 1, rsv1: false, mask: false, readOnly: true }

function deliverTo(socket: NodeSocket, frames: readonly NodeFrame[], joined: Buffer): void {
  if (!socket.open) return
  try {
    if (writeRaw(socket.ws, joined)) return
    for (const { payload } of frames) socket.ws.send(payload, { binary: false })
  } catch {
    socket.terminate() // This one is broken, the others are not; whoever cares hears of its end by its close event.
  }
}

/** The bytes of all frames, `undefined` without any. Every socket of the call gets the same buffer. */
function join(frames: readonly NodeFrame[]): Buffer | undefined {
  return frames.length > 1 ? Buffer.concat(frames.map(({ bytes }) => bytes)) : frames[0]?.bytes
}
