import assert from 'node:assert/strict'
import type { ServerFrame, WelcomeFrame } from '../../../core/protocol/frames.js'
import { eventually } from '../../kit/eventually.js'

/** A frame, with every field that one may have. */
export interface AnyFrame {
  readonly type: ServerFrame['type']
  readonly [field: string]: unknown
}

/** A client that remembers what it heard. */
export interface WireClient {
  readonly frames: readonly AnyFrame[]
  /** The protocol that the server chose. */
  readonly protocol: string
  send(op: unknown): void
  /** The first frame that fits, once it is there. */
  heard(type: string, fits?: (frame: AnyFrame) => boolean): Promise<AnyFrame>
  /** The frames so far, once the server has answered a ping: what it had to say before is here. */
  settled(): Promise<readonly AnyFrame[]>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  close(): void
}

/** Rejects when the server does not accept it. */
export async function openClient(url: string, protocols: readonly string[] = []): Promise<WireClient> {
  const socket = new WebSocket(url, [...protocols])
  const frames: AnyFrame[] = []
  socket.addEventListener('message', ({ data }) => {
    frames.push(JSON.parse(String(data)))
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error(`The server does not accept ${url}`)))
  })
  let pings = 0

  function heard(type: string, fits: (frame: AnyFrame) => boolean = () => true): Promise<AnyFrame> {
    return eventually(
      () => {
        const found = frames.find((frame) => frame.type === type && fits(frame))
        assert.ok(found, `No ${type} that fits. Heard: ${JSON.stringify(frames).slice(0, 2_000)}`)
        return found
      },
      { within: patience },
    )
  }

  function send(op: unknown): void {
    socket.send(typeof op === 'string' || op instanceof Blob ? op : JSON.stringify(op))
  }

  return {
    frames,
    closed,
    heard,
    send,
    protocol: socket.protocol,
    async settled() {
      const ref = `settled ${++pings}`
      send({ op: 'ping', ref })
      const pong = await heard('PONG', (frame) => frame.ref === ref)
      return frames.slice(0, frames.indexOf(pong))
    },
    close: () => socket.close(),
  }
}

export async function welcomeOf(client: WireClient): Promise<WelcomeFrame> {
  return (await client.heard('WELCOME')) as unknown as WelcomeFrame
}

/** What the frames of a room are, in short: the data of a message, the type of others. */
export function inRoom(frames: readonly AnyFrame[], room: string): unknown[] {
  return frames
    .filter((frame) => frame.room === room)
    .map(({ id, type, data }) => (id === undefined ? type : textOf(data)))
}

function textOf(data: unknown): unknown {
  assert.ok(typeof data === 'object' && data !== null && 'text' in data, 'data is not what was sent')
  return data.text
}

const patience = 10_000
