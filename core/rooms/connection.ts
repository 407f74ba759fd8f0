import type { Clock } from '../clock.js'
import { invalidOption, TriportError } from '../errors.js'
import type { Socket, SocketEvents, SocketTransport } from '../ports/socket.js'
import type { SpanContext } from '../ports/tracer.js'
import { closeCodes, closeReason, isCloseCode } from '../protocol/close-codes.js'
import { type ControlFrame, reservedTypes } from '../protocol/frames.js'
import type { Outbound } from './envelope.js'
import type { Beating } from './heartbeat.js'
import { type Bucket, fullBucket, type RoomsLimits, type Strikes } from './limits.js'
import type { JoinOptions, Membership } from './membership.js'
import type { Message } from './messages.js'
import { checkRoomName } from './names.js'
import { Outflow, type OutflowContext } from './outflow.js'

/** What a client may ask for in a room. */
export type RoomAction = 'room:join' | 'room:publish'

/** What an adapter knows about a socket that it hands over. */
export interface ConnectOptions extends Omit<JoinOptions, 'ref'> {
  /** Rooms to join at once. The adapter has asked `authorize` about them. */
  readonly rooms?: readonly string[]
  /** Who it is, as `authenticate` said. */
  readonly principal?: unknown
  /** Send WELCOME and SUBSCRIBED. @default true */
  readonly meta?: boolean
  /** Send a PING in JSON at every heartbeat, for clients that see no protocol-level pings. @default false */
  readonly heartbeat?: boolean
  /** The span of the upgrade: spans of this connection's messages link to it. */
  readonly spanContext?: SpanContext
  /** Nobody yet: it may do nothing until `authenticate` has accepted a token, and is closed when that takes too long. @default false */
  readonly anonymous?: boolean
  /** Asked before a client's own wishes are granted. Without it clients may neither publish nor join. */
  authorize?(action: RoomAction, room: string, principal: unknown): boolean | Promise<boolean>
  /** Asked about a token that the client presents on the open connection; `undefined` for nobody. Without it none is accepted. */
  authenticate?(token: string): Promise<{ readonly principal: unknown } | undefined>
}

/** One client. */
export interface Connection {
  /** For `sendToConnection`, on any node. */
  readonly id: string
  /** Who it is; another one after the client has presented a new token. */
  readonly principal: unknown
  /** The rooms whose messages it gets. */
  readonly rooms: ReadonlySet<string>
  /**
   * Resolves when it gets the room's messages. The caller decides that it may: `authorize` is not asked.
   *
   * @param options Without them it gets what the client asked for when it connected.
   * @throws `ERR_ROOM_INVALID`, `ERR_ROOM_LIMIT`, `ERR_CONNECTION_UNKNOWN` once it is closed, `ERR_ROOM_BUSY`,
   *   `ERR_BROKER_UNAVAILABLE`.
   */
  join(room: string, options?: JoinOptions): Promise<void>
  /** The client hears UNSUBSCRIBED. */
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
  readonly outflow: OutflowContext
  readonly limits: RoomsLimits
  readonly clock: Clock
  /** The PING in JSON of this moment. */
  ping(): ControlFrame
  /** Writes a message that is for one connection only. */
  direct(message: Message): Outbound
  join(connection: HubConnection, room: string, options: JoinOptions): Membership
  leave(membership: Membership): void
  receive(connection: HubConnection, text: string): void
  /** It takes no further part: the first sign of its end. */
  ending(connection: HubConnection): void
  /** Its socket is gone. */
  ended(connection: HubConnection): void
}

export class HubConnection implements Connection, Beating {
  readonly id: string
  readonly socket: Socket
  readonly options: ConnectOptions
  readonly memberships = new Map<string, Membership>()
  readonly events: SocketEvents
  readonly outflow: Outflow
  readonly credit: Bucket
  readonly floods: Strikes = { count: 0, since: 0 }
  malformed = 0
  /** Rooms about which it is being found out whether it may join them. */
  asking = 0
  principal: unknown
  /** Whether it is known who it is, or that it need not be. */
  admitted: boolean
  alive = true
  bucket: Set<Beating> | undefined
  readonly #node: ConnectionNode
  readonly #types: ReadonlySet<string> | undefined
  #state: 'open' | 'closing' | 'gone' = 'open'

  constructor(
    id: string,
    link: { readonly socket: Socket; readonly transport: SocketTransport },
    options: ConnectOptions,
    node: ConnectionNode,
  ) {
    this.id = id
    this.socket = link.socket
    this.options = options
    this.principal = options.principal
    this.admitted = options.anonymous !== true
    this.outflow = new Outflow(link, node.outflow, () => this.#cutOff())
    this.#node = node
    this.#types = options.types && new Set(options.types)
    this.credit = fullBucket(node.limits.messagesPerSecond, node.clock.monotonic())
    this.events = {
      message: (text) => this.#receive(text),
      alive: () => {
        this.alive = true
      },
      drained: () => this.outflow.release(),
      closed: () => this.#gone(),
    }
  }

  get open(): boolean {
    return this.#state === 'open'
  }

  get rooms(): ReadonlySet<string> {
    const live = [...this.memberships.values()].filter((membership) => membership.live)
    return new Set(live.map(({ room }) => room.name))
  }

  async join(room: string, options: JoinOptions = this.options): Promise<void> {
    checkRoomName(room)
    const existing = this.memberships.get(room)
    if (existing) return await existing.joined
    if (!this.open) throw new TriportError('ERR_CONNECTION_UNKNOWN', `Connection ${this.id} is closed.`)
    const limit = this.#node.limits.maxRoomsPerConnection
    if (this.memberships.size >= limit) {
      const message = `Connection ${this.id} is in ${limit} rooms, as many as one may be in. Leave one first.`
      throw new TriportError('ERR_ROOM_LIMIT', message, { details: { limit } })
    }
    const membership = this.#node.join(this, room, options)
    this.memberships.set(room, membership)
    try {
      await membership.joined
    } catch (error) {
      if (this.memberships.get(room) === membership) this.memberships.delete(room)
      throw error
    }
  }

  leave(room: string, why: Pick<UnsubscribedReason, 'code' | 'ref'> = {}): void {
    if (this.withdraw(room)) this.control({ type: 'UNSUBSCRIBED', room, ...why })
  }

  /** Leaves a room without a word. @returns Whether it was in the room. */
  withdraw(room: string): boolean {
    const membership = this.memberships.get(room)
    if (!membership) return false
    this.memberships.delete(room)
    this.outflow.forget(room)
    this.#node.leave(membership)
    return true
  }

  send(message: Message): void {
    this.deliver(this.#node.direct(message))
  }

  close(code: number = closeCodes.normal, reason = ''): void {
    if (!isCloseCode(code)) {
      throw invalidOption(`${code} is no close code. Use 1000, or one from 3000 to 4999.`)
    }
    if (!this.open) return
    this.outflow.flush() // What was sent before the close must arrive before it.
    this.#end('closing')
    this.socket.close(code, closeReason(reason))
  }

  /** Sends a message of the application, from one of its rooms or from elsewhere. */
  deliver(message: Outbound): void {
    if (!this.open || !this.admitted) return
    // Of a room, the membership knows which types are wanted.
    if (message.origin !== undefined || this.#wants(message)) this.outflow.send(message)
  }

  /** Sends a frame of the protocol. */
  control(frame: ControlFrame): void {
    const optional = frame.type === 'WELCOME' || frame.type === 'SUBSCRIBED'
    if (this.open && !(optional && this.options.meta === false)) this.outflow.control(frame)
  }

  ping(): void {
    this.socket.ping()
    if (this.options.heartbeat) this.control(this.#node.ping())
  }

  evict(): void {
    this.terminate()
  }

  /** Ends it at once, without a closing handshake. */
  terminate(): void {
    this.socket.terminate()
    this.#gone()
  }

  #wants(message: Outbound): boolean {
    return this.#types === undefined || this.#types.has(message.type) || reservedTypes.has(message.type)
  }

  /** It does not read what it is sent. What it is owed beyond its limit, it can ask for again. */
  #cutOff(): void {
    if (!this.open) return
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
    for (const room of [...this.memberships.keys()]) this.withdraw(room)
    this.outflow.forget()
    this.#node.ending(this)
  }
}

type UnsubscribedReason = Extract<ControlFrame, { type: 'UNSUBSCRIBED' }>
