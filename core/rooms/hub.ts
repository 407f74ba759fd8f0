import type { CancelTimer, Clock } from '../clock.js'
import type { Unsubscribe } from '../emitter.js'
import { TriportError } from '../errors.js'
import type { Ids } from '../ids.js'
import type { Late } from '../late.js'
import type { Position, RoomMessage, RoomsDriver } from '../ports/rooms.js'
import type { Socket, SocketTransport } from '../ports/socket.js'
import { closeCodes } from '../protocol/close-codes.js'
import { formatFrame } from '../protocol/codec.js'
import { protocolName } from '../protocol/frames.js'
import type { Report } from '../report.js'
import { type BroadcastOptions, type BroadcastTracer, createBroadcaster } from './broadcast.js'
import { type Connection, type ConnectionNode, type ConnectOptions, HubConnection } from './connection.js'
import { createDelivery } from './delivery.js'
import { drain } from './drain.js'
import { type Addressed, Outbound, unaddressed } from './envelope.js'
import { buckets, createHeartbeat } from './heartbeat.js'
import { createInbound, type InboundTracer, type MessageHandler } from './inbound.js'
import { defaultLimits, type RoomsLimits } from './limits.js'
import { createMembers } from './members.js'
import type { Message } from './messages.js'
import { everybody, inboxOf } from './names.js'
import { createOutbox } from './outbox.js'
import { createReach } from './reach.js'
import { refusal } from './refusal.js'
import { createSubscriptions } from './subscriptions.js'

/** Rooms: groups of connections, on all nodes, that hear the same messages. */
export interface Rooms {
  /** Takes over a socket. Never throws: one that cannot be served is closed with a code that says why. For adapters. */
  connect(socket: Socket, transport: SocketTransport, options?: ConnectOptions): Connection
  /** Closes a connection of this node. Does nothing when there is none of this id. @throws `ERR_OPTION_INVALID` for a bad code. */
  disconnect(connectionId: string, code?: number, reason?: string): void
  /**
   * Handles what clients send to the rooms of a pattern: `workflow:{id}`, or `*` for all.
   *
   * @throws `ERR_ROOM_INVALID` for a malformed pattern.
   */
  on(pattern: string, handler: MessageHandler): Unsubscribe
  /**
   * Publishes to a room, on all nodes.
   *
   * @returns The message's place in the room's history; `undefined` when it is not kept.
   * @throws `ERR_ROOM_INVALID`, `ERR_MESSAGE_INVALID`, `ERR_MESSAGE_TOO_LARGE`, `ERR_OPTION_INVALID`, `ERR_UNSUPPORTED`,
   *   `ERR_NOT_STARTED`, `ERR_BROKER_UNAVAILABLE`.
   */
  broadcastToRoom(room: string, message: Message, options?: BroadcastOptions): Promise<Position | undefined>
  /** Publishes to every connection of every node. The message is not kept. @throws as `broadcastToRoom` */
  broadcastToAll(message: Message): Promise<void>
  /**
   * Sends to one connection, on whichever node it is.
   *
   * @throws `ERR_CONNECTION_UNKNOWN` for a connection of this node that is closed; of other nodes nothing is known. Else as
   *   `broadcastToRoom`.
   */
  sendToConnection(connectionId: string, message: Message): Promise<void>
  /** How many connections of this node are in the room. */
  members(room: string): number
  /** A connection of this node. */
  connection(id: string): Connection | undefined
  /** The rooms that connections of this node are in. */
  rooms(): string[]
  /** How many connections this node has. */
  connections(): number
}

export interface HubOptions {
  readonly driver: Late<RoomsDriver>
  readonly tracer: BroadcastTracer & InboundTracer
  readonly clock: Clock
  readonly report: Report
  /** Names this node: letters, digits and `_ . -`. */
  readonly instanceId: string
  readonly ids: Ids
  readonly limits?: Partial<RoomsLimits>
  /** Milliseconds in which a connection must give a sign of life. @default 25000 */
  readonly heartbeat?: number
  /** Calls back when the turn of the event loop ends: `setImmediate` where there is one. @default queueMicrotask */
  readonly schedule?: (flush: () => void) => void
}

/** The rooms of one node, and what their runtime drives them with. */
export interface Hub {
  readonly rooms: Rooms
  /** Listens to a driver. To be called before the driver's start. */
  attach(driver: RoomsDriver): void
  /** Takes connections from now on. */
  start(): void
  /** Asks all clients to go elsewhere and waits for them, for a few seconds at most. To be called before the driver's stop. */
  stop(): Promise<void>
}

export function createHub(options: HubOptions): Hub {
  const { driver, tracer, clock, report, instanceId, ids, heartbeat: interval = 25_000 } = options
  const limits: RoomsLimits = { ...defaultLimits, ...options.limits }
  const inbox = inboxOf(instanceId)
  const delivery = createDelivery({ schedule: options.schedule ?? queueMicrotask, report })
  const heartbeat = createHeartbeat()
  const inbound = createInbound({ limits, clock, tracer, report })
  const subscriptions = createSubscriptions(driver, report)
  const members = createMembers({ driver, subscriptions, clock, report })
  const reach = createReach([everybody, inbox], subscriptions, clock)
  const broadcaster = createBroadcaster({
    outbox: createOutbox(driver),
    tracer,
    ids,
    clock,
    maxBytes: limits.maxMessage,
    recipients: (room) => (room === everybody ? open.size : membersOf(room)),
  })

  const open = new Map<string, HubConnection>()
  /** Includes those whose closing handshake is not over. */
  const present = new Set<HubConnection>()
  let serial = 0
  let stopping = false
  let whenEmpty: (() => void) | undefined
  let stopTicking: CancelTimer | undefined

  const node: ConnectionNode = {
    delivery,
    limits,
    clock,
    ping: () => new Outbound(formatFrame({ type: 'PING', ts: clock.now() })),
    direct: (message) => new Outbound(broadcaster.direct(message)),
    join: (connection, room) => members.join(connection, room, connection.options.replay ?? 'latest'),
    leave: (membership) => members.leave(membership),
    receive: (connection, text) => inbound.receive(connection, text),
    ending(connection) {
      open.delete(connection.id)
      heartbeat.remove(connection)
    },
    ended(connection) {
      present.delete(connection)
      if (present.size === 0) whenEmpty?.()
    },
  }

  function connect(socket: Socket, transport: SocketTransport, connectOptions: ConnectOptions = {}): Connection {
    const id = `${instanceId}.${(++serial).toString(36)}`
    const connection = new HubConnection(id, { socket, transport }, connectOptions, node)
    const full = present.size >= limits.maxConnections
    present.add(connection)
    if (stopping) connection.close(closeCodes.restart, 'restarting')
    else if (full) connection.close(closeCodes.tryLater, 'too many connections')
    else void admit(connection)
    return connection
  }

  async function admit(connection: HubConnection): Promise<void> {
    open.set(connection.id, connection)
    heartbeat.add(connection)
    stopTicking ??= clock.every(interval / buckets, tick)
    try {
      await reach.open()
      connection.control(welcome(connection.id))
      await Promise.all((connection.options.rooms ?? []).map((room) => connection.join(room)))
    } catch (error) {
      refuse(connection, error)
    }
  }

  /** A connection that cannot be reached, or is not in the room it came for, is of no use to its client. */
  function refuse(connection: HubConnection, error: unknown): void {
    if (!connection.open) return
    const { frame, close } = refusal(error)
    if (frame.code === 'internal') report(error, { stage: 'rooms.connect', connection: connection.id })
    connection.control(frame)
    connection.close(close, frame.code)
  }

  function welcome(connection: string) {
    const { maxPayload, maxRoomsPerConnection: maxRooms, messagesPerSecond: rate } = limits
    return {
      type: 'WELCOME',
      connection,
      protocol: protocolName,
      heartbeat: interval,
      limits: { maxPayload, maxRooms, rate },
      retry: { min: 500, max: 20_000 },
    } as const
  }

  /** The one timer of all connections and rooms. */
  function tick(): void {
    heartbeat.tick()
    members.sweep()
    reach.sweep(open.size)
  }

  /** Every message of the broker arrives here. */
  function receive(message: RoomMessage): void {
    const { room, text } = message
    if (room !== everybody && room !== inbox) members.room(room)?.receive(message)
    else if (text === undefined) return
    else if (room === everybody) receiveForAll(new Outbound(text))
    else receiveDirect(unaddressed(text))
  }

  function receiveForAll(message: Outbound): void {
    for (const connection of open.values()) connection.deliver(message)
  }

  function receiveDirect({ connection, text }: Addressed): void {
    open.get(connection)?.deliver(new Outbound(text))
  }

  async function sendToConnection(id: string, message: Message): Promise<void> {
    const dot = id.lastIndexOf('.')
    const owner = id.slice(0, dot)
    const connection = open.get(id)
    if (connection) return connection.send(message)
    if (owner === instanceId || !/^[\w.-]+\.[\da-z]+$/.test(id)) {
      throw new TriportError('ERR_CONNECTION_UNKNOWN', `No connection ${JSON.stringify(id)} is open on this node.`)
    }
    await broadcaster.toConnection(owner, id, message)
  }

  function membersOf(room: string): number {
    return members.room(room)?.members.size ?? 0
  }

  return {
    rooms: {
      connect,
      disconnect: (id, code, reason) => open.get(id)?.close(code, reason),
      on: inbound.on,
      broadcastToRoom: broadcaster.toRoom,
      broadcastToAll: broadcaster.toAll,
      sendToConnection,
      members: membersOf,
      connection: (id) => open.get(id),
      rooms: members.names,
      connections: () => open.size,
    },
    attach(target) {
      // Broker states matter to resuming members, which this hub does not have yet.
      target.listen({ message: receive, state: () => {} })
    },
    start() {
      stopping = false
    },
    async stop() {
      stopping = true
      const empty = new Promise<void>((resolve) => {
        whenEmpty = resolve
      })
      if (present.size > 0) await drain({ clock, left: present, empty })
      stopTicking?.()
      stopTicking = undefined
      if (driver.peek()) await Promise.all([members.clear(), reach.close()])
    },
  }
}
