import type { Socket, SocketTransport } from '../ports/socket.js'
import { formatFrame } from '../protocol/codec.js'
import type { ControlFrame } from '../protocol/frames.js'
import type { Batch, Delivery, Recipient } from './delivery.js'
import { Outbound } from './envelope.js'
import { Lag } from './lag.js'
import type { RoomsLimits } from './limits.js'
import type { Meter } from './meter.js'

/** What an outflow needs of its node. */
export interface OutflowContext {
  readonly delivery: Delivery
  readonly limits: Pick<RoomsLimits, 'softBuffered' | 'maxBuffered'>
  readonly meter: Meter
  /** Those for whom something is kept back, to be released when they catch up. */
  readonly slow: Set<Outflow>
}

/**
 * What one client is sent.
 *
 * Over the soft limit of what waits for it, messages that may be left out are; over the hard limit the client is cut off, and may come
 * back and ask for what it missed.
 */
export class Outflow implements Recipient {
  readonly socket: Socket
  readonly transport: SocketTransport
  owed: Batch | undefined
  owedBytes = 0
  served = 0
  readonly #context: OutflowContext
  readonly #cutOff: () => void
  /** Most clients never need one. */
  #lag: Lag | undefined

  constructor(
    link: { readonly socket: Socket; readonly transport: SocketTransport },
    context: OutflowContext,
    cutOff: () => void,
  ) {
    this.socket = link.socket
    this.transport = link.transport
    this.#context = context
    this.#cutOff = cutOff
  }

  /** Bytes that are on their way to the client and have not left this process. */
  get backlog(): number {
    return this.socket.buffered + this.owedBytes + (this.#lag?.bytes ?? 0)
  }

  /** Sends a message, as far as its delivery class allows that now. */
  send(message: Outbound): void {
    const { limits, meter } = this.#context
    const backlog = this.backlog
    if (backlog > limits.maxBuffered) return void this.#evict()
    if (backlog <= limits.softBuffered) {
      this.release()
      return void this.#context.delivery.send(this, message)
    }
    switch (message.delivery.class) {
      case 'volatile':
        meter.dropped += 1
        return void this.#lagging().drop(message)
      case 'latest':
        if (this.#lagging().keep(message, message.frame(this.transport).size)) meter.coalesced += 1
        return
      case 'reliable':
        if (this.#lag?.holds(message.origin?.room)) this.#drain(message.origin?.room)
        return void this.#context.delivery.send(this, message)
    }
  }

  /** Sends a frame of the protocol. */
  control(frame: ControlFrame): void {
    if (this.backlog > this.#context.limits.maxBuffered) this.#evict()
    else this.#context.delivery.send(this, new Outbound(formatFrame(frame)))
  }

  /** Sends what was kept back, if the client has caught up. */
  release(): void {
    if (this.#lag === undefined || this.backlog - this.#lag.bytes > this.#context.limits.softBuffered) return
    this.#drain()
  }

  /** Forgets what was kept back, of one room or of all. */
  forget(room?: string): void {
    this.#lag?.take(room)
    this.#tidy()
  }

  /** Hands out at once what waits for the end of the turn. */
  flush(): void {
    this.#context.delivery.flush(this)
  }

  #drain(room?: string): void {
    const taken = this.#lag?.take(room)
    this.#tidy()
    for (const { room, from, to } of taken?.skipped ?? []) {
      this.#context.delivery.send(this, new Outbound(formatFrame({ type: 'GAP', room, from, to, reason: 'slow' })))
    }
    for (const message of taken?.messages ?? []) this.#context.delivery.send(this, message)
  }

  #lagging(): Lag {
    this.#context.slow.add(this)
    this.#lag ??= new Lag()
    return this.#lag
  }

  #tidy(): void {
    if (!this.#lag?.empty) return
    this.#lag = undefined
    this.#context.slow.delete(this)
  }

  #evict(): void {
    this.#context.meter.evicted += 1
    this.#cutOff()
  }
}
