import type { Socket } from 'node:net'
import { deserialize, serialize } from 'node:v8'

/** What a client of the remote memory asks. */
export interface Request {
  readonly id: number
  readonly port: 'queue' | 'rooms' | 'presence'
  readonly method: string
  readonly args: readonly unknown[]
}

/** What it is answered, and what it is told without having asked. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failed: string }
  | { readonly signal: string; readonly args: readonly unknown[] }

/** Sends one value, whatever it is made of. */
export function send(socket: Socket, value: Request | Reply): void {
  const body = serialize(value)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  socket.write(Buffer.concat([head, body]))
}

/** Calls `take` with each value that arrives. */
export function receive<T extends Request | Reply>(socket: Socket, take: (value: T) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
      const end = 4 + rest.readUInt32BE()
      take(deserialize(rest.subarray(4, end)) as T)
      rest = rest.subarray(end)
    }
  })
}
