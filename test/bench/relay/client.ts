import { once } from 'node:events'
import { WebSocket } from 'ws'
import { marker } from '../fanout-message.js'

/** The number of the messages that find out whether the client is in the room. */
export const probe = 99_999_999

export interface Client {
  /** It has received a probe. */
  readonly isIn: boolean
  onMessage: (number: number) => void
  /** Resolves when it has received so many messages, probes not counted. Rejects when one was lost, doubled or out of order. */
  received(count: number): Promise<void>
  close(): void
}

/** A bare WebSocket, the same for all subjects: it reads nothing of a message but its number. */
export async function createClient(url: string): Promise<Client> {
  const socket = new WebSocket(url)
  let isIn = false
  let count = 0
  let failure: Error | undefined
  let waiting: { readonly count: number; end(): void } | undefined

  function fail(what: string): void {
    failure ??= new Error(`${what}. The figure is void.`)
    waiting?.end()
  }

  const client: Client = {
    get isIn() {
      return isIn
    },
    onMessage() {},
    async received(expected) {
      if (failure === undefined && count < expected) {
        await new Promise<void>((end) => {
          waiting = { count: expected, end }
        })
        waiting = undefined
      }
      if (failure) throw failure
    },
    close: () => socket.terminate(),
  }
  socket.on('close', () => fail('The node has closed the connection'))
  socket.on('message', (data: Buffer) => {
    const at = data.indexOf(marker)
    if (at < 0) return greet(socket, data)
    const number = Number(data.toString('latin1', at + marker.length, at + marker.length + 8))
    if (number === probe) isIn = true
    else {
      if (number !== count++) fail(`Message ${number} came where ${count - 1} was expected`)
      client.onMessage(number)
      if (waiting && count >= waiting.count) waiting.end()
    }
  })
  await once(socket, 'open')
  return client
}

/** Engine.IO wants its `open` (0) answered by a `connect` (40) and each of its pings (2) by a pong (3). */
function greet(socket: WebSocket, data: Buffer): void {
  if (data[0] === 0x30) socket.send('40')
  else if (data[0] === 0x32) socket.send('3')
}
