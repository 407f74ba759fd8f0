import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Socket, SocketEvents } from '../../core/ports/socket.js'
import { writeRaw } from './raw-write.js'

/** Our end of a WebSocket of the library `ws`. */
export class NodeSocket implements Socket {
  constructor(readonly ws: WebSocket) {}

  get open(): boolean {
    return this.ws.readyState === this.ws.OPEN
  }

  get buffered(): number {
    return this.ws.bufferedAmount
  }

  ping(): void {
    if (this.open && !writeRaw(this.ws, pingFrame)) this.ws.ping()
  }

  close(code: number, reason: string): void {
    this.ws.close(code, reason)
  }

  terminate(): void {
    this.ws.terminate()
  }
}

/** Passes on what happens to a WebSocket and to the link that it runs over. */
export function listen(ws: WebSocket, link: Duplex, events: SocketEvents): void {
  link.on('drain', events.drained)
  ws.on('message', (data, isBinary) => {
    if (isBinary) ws.close(unsupportedData, 'text messages only')
    else events.message(String(data))
  })
  ws.on('ping', () => events.alive())
  ws.on('pong', () => events.alive())
  ws.on('close', (code, reason) => events.closed(code, String(reason)))
}

/** A ping without a payload, as it goes over the wire. */
const pingFrame = Buffer.of(0x89, 0)
const unsupportedData = 1003
