import type { Clock } from '../clock.js'
import { TriportError } from '../errors.js'
import type { Socket, SocketEvents, SocketTransport } from '../ports/socket.js'
import type { SpanContext } from '../ports/tracer.js'
import { closeCodes, closeReason, isCloseCode } from '../protocol/close-codes.js'
import { formatFrame } from '../protocol/codec.js'
import type { ControlFrame } from '../protocol/frames.js'
import type { Batch, Delivery, Recipient } from './delivery.js'
import { Outbound } from './envelope.js'
import type { Beating } from './heartbeat.js'
import { type Bucket, fullBucket, type RoomsLimits, type Strikes } from './limits.js'
import type { Membership, Replay } from './membership.js'
import type { Message } from './messages.js'
import { checkRoomName } from './names.js'

/** What a client may ask for in a room. */
export type RoomAction = 'room:join' | 'room:publish'

/** What an adapter knows about a socket that it hands over. */
export interface ConnectOptions {
  /** Rooms to join at once. The adapter has asked `authorize` about them. */
  readonly rooms?: readonly string[]
  /** Who it is, as `authenticate` said. */
  readonly principal?: unknown
  /** How much of a room's history it gets when it joins. @default 'latest' */
  readonly replay?: Replay
  /** The only message types that it wants. @default all */
  readonly types?: readonly string[]
  /** Send WELCOME and SUBSCRIBED. @default true */
  readonly meta?: boolean
  /** Send a PING in JSON at every heartbeat, for clients that see no protocol-level pings. @default false */
  readonly heartbeat?: boolean
  /** The span of the upgrade: spans of this connection's messages link to it. */
  readonly spanContext?: SpanContext
  /** Asked before a client's own wishes are granted. Without it clients may not publish. */
  authorize?(action: RoomAction, room: string): boolean | Promise<boolean>
}

/** One client. */
export interface Connection {
  /** For `sendToConnection`, on any node. */
  readonly id: string
  readonly principal: unknown
  /** The rooms whose messages it gets. */
  readonly rooms: ReadonlySet<string>
  /**
   * Resolves when it gets the room's messages. The caller decides that it may: `authorize` is not asked.
   *
   * @throws `ERR_ROOM_INVALID`, `ERR_ROOM_LIMIT`, `ERR_CONNECTION_UNKNOWN` once it is closed, `ERR_BROKER_UNAVAILABLE`.
   */
  join(room: string): Promise<void>
  leave(room: string): void
  /** Sends a message to this client only. Does nothing once it is closed. @throws `ERR_MESSAGE_INVALID`, `ERR_MESSAGE_TOO_LARGE` */
  send(message: Message): void
  /** @param code 1000 or 3000 to 4999, or one of `closeCodes`. @throws `ERR_OPTION_INVALID` for a code that may not be sent. */
  close(code?: number, reason?: string): void
  /** What the adapter tells about the socket. */
  readonly events: SocketEvents
}

/** What a connection needs of its node. */
export interface ConnectionNode {
  readonly delivery: Delivery
  readonly limits: RoomsLimits
  readonly clock: Clock
  /** The PING in JSON of this moment, the same for all who get one. */
  ping(): Outbound
  /** Writes a message that is for one connection only. */
  direct(message: Message): Outbound
  join(connection: HubConnection, room: string): Membership
  leave(membership: Membership): void
  receive(connection: HubConnection, text: string): void
  /** It takes no further part: the first sign of its end. */
  ending(connection: HubConnection): void
  /** Its socket is gone. */
  ended(connection: HubConnection): void
}

export class HubConnection implements Connection, Recipient, Beating {
  readonly id: string
  readonly principal: unknown
  readonly socket: Socket
  readonly transport: SocketTransport
  readonly options: ConnectOptions
  readonly memberships = new Map<string, Membership>()
  readonly events: SocketEvents
  readonly credit: Bucket
  readonly floods: Strikes = { count: 0, since: 0 }
  malformed = 0
  owed: Batch | undefined
  alive = true
  bucket: Set<Beating> | undefined
  readonly #node: ConnectionNode
  readonly #types: ReadonlySet<string> | undefined
  #state: 'open' | 'closing' | 'gone' = 'open'

  constructor(
    id: string,
    link: { socket: Socket; transport: SocketTransport },
    options: ConnectOptions,
    node: ConnectionNode,
  ) {
    this.id = id
    this.socket = link.socket
    this.transport = link.transport
    this.options = options
    this.principal = options.principal
    this.#node = node
    this.#types = options.types && new Set(options.types)
    this.credit = fullBucket(node.limits.messagesPerSecond, node.clock.monotonic())
    this.events = {
      message: (text) => this.#receive(text),
      alive: () => {
        this.alive = true
      },
      closed: () => this.#gone(),
    }
  }

  get open(): boolean {
    return this.#state === 'open'
  }

  /** Whether it takes certain types of messages only. */
  get selective(): boolean {
    return this.#types !== undefined
  }

  get rooms(): ReadonlySet<string> {
    const live = [...this.memberships.values()].filter((membership) => membership.live)
    return new Set(live.map(({ room }) => room.name))
  }

  async join(room: string): Promise<void> {
    checkRoomName(room)
    const existing = this.memberships.get(room)
    if (existing) return await existing.joined
    if (!this.open) throw new TriportError('ERR_CONNECTION_UNKNOWN', `Connection ${this.id} is closed.`)
    const limit = this.#node.limits.maxRoomsPerConnection
    if (this.memberships.size >= limit) {
      const message = `Connection ${this.id} is in ${limit} rooms, as many as one may be in. Leave one first.`
      throw new TriportError('ERR_ROOM_LIMIT', message, { details: { limit } })
    }
    const membership = this.#node.join(this, room)
    this.memberships.set(room, membership)
    try {
      await membership.joined
    } catch (error) {
      if (this.memberships.get(room) === membership) this.memberships.delete(room)
      throw error
    }
  }

  leave(room: string): void {
    const membership = this.memberships.get(room)
    if (!membership) return
    this.memberships.delete(room)
    this.#node.leave(membership)
  }

  send(message: Message): void {
    this.deliver(this.#node.direct(message))
  }

  close(code: number = closeCodes.normal, reason = ''): void {
    if (!isCloseCode(code)) {
      throw new TriportError('ERR_OPTION_INVALID', `${code} is no close code. Use 1000, or one from 3000 to 4999.`)
    }
    if (!this.open) return
    this.#node.delivery.flush() // What was sent before the close must arrive before it.
    this.#end('closing')
    this.socket.close(code, closeReason(reason))
  }

  /** Whether a message is of a type that it takes. */
  wants(message: Outbound): boolean {
    return this.#types?.has(message.type) ?? true
  }

  /** Sends a message of the application. */
  deliver(message: Outbound): void {
    if (!this.open || !this.wants(message)) return
    if (this.socket.buffered > this.#node.limits.maxBuffered) this.#cutOff()
    else this.#node.delivery.send(this, message)
  }

  /** Sends a frame of the protocol. */
  control(frame: ControlFrame): void {
    const optional = frame.type === 'WELCOME' || frame.type === 'SUBSCRIBED'
    if (!this.open || (optional && this.options.meta === false)) return
    this.#node.delivery.send(this, new Outbound(formatFrame(frame)))
  }

  /** More came while it was joining than can be held back. */
  overrun(): void {
    this.close(closeCodes.tryLater, 'the room is too busy to join')
  }

  ping(): void {
    this.socket.ping()
    if (this.options.heartbeat) this.#node.delivery.send(this, this.#node.ping())
  }

  evict(): void {
    this.terminate()
  }

  /** Ends it at once, without a closing handshake. */
  terminate(): void {
    this.socket.terminate()
    this.#gone()
  }

  /** It does not read what it is sent. What it is owed beyond its limit, it can ask for again. */
  #cutOff(): void {
    this.#end('closing')
    this.socket.close(closeCodes.slow, 'slow')
  }

  #receive(text: string): void {
    this.alive = true
    if (this.open) this.#node.receive(this, text)
  }

  #gone(): void {
    if (this.#state === 'gone') return
    this.#end('gone')
    this.#node.ended(this)
  }

  #end(state: 'closing' | 'gone'): void {
    const first = this.open
    this.#state = state
    if (!first) return
    for (const room of [...this.memberships.keys()]) this.leave(room)
    this.#node.ending(this)
  }
}
