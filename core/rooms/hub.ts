import type { CancelTimer, Clock } from '../clock.js'
import { TriportError } from '../errors.js'
import type { Ids } from '../ids.js'
import type { Late } from '../late.js'
import { noRoomMeasures, type RoomMeasures } from '../metrics/room-measures.js'
import type { OutgoingMessage, Position, RoomMessage, RoomsDriver } from '../ports/rooms.js'
import type { Socket, SocketTransport } from '../ports/socket.js'
import { formatFrame } from '../protocol/codec.js'
import type { PresenceView } from '../protocol/frames.js'
import type { Report } from '../report.js'
import { bothNames, type MessagingSystem } from '../tracer/messaging.js'
import { type BroadcastOptions, type BroadcastTracer, createBroadcaster } from './broadcast.js'
import { createBrokerWatch } from './broker-watch.js'
import type { Connection, ConnectOptions } from './connection.js'
import { createDelivery } from './delivery.js'
import { type Addressed, degraded, Outbound, unaddressed, unrelayed } from './envelope.js'
import { createFanout } from './fanout.js'
import { buckets, createHeartbeat } from './heartbeat.js'
import { createInbound, type HandleMessages } from './inbound.js'
import { defaultLimits, type RoomsLimits } from './limits.js'
import { createMembers } from './members.js'
import type { Message } from './messages.js'
import { createMeter } from './meter.js'
import { connectionOf, connectionRoom, everybody, inboxOf } from './names.js'
import { createOutbox, type OnBrokerDown } from './outbox.js'
import type { Outflow } from './outflow.js'
import { createPresence } from './presence.js'
import { jointPressure } from './pressure.js'
import type { InboundTracer } from './process-span.js'
import { createReach } from './reach.js'
import { createReception } from './reception.js'
import { createRelaySpans, type RelayTracer } from './relay-spans.js'
import type { MessageOf, MessageRules, RoomType, TypedRoom } from './room-type.js'
import type { RoomsSnapshot } from './snapshot.js'
import { createMayDo, createSubscriber } from './subscribe-op.js'
import { createSubscriptions } from './subscriptions.js'

/** Rooms: groups of connections, on all nodes, that hear the same messages. */
export interface Rooms {
  /** Takes over a socket. Never throws: one that cannot be served is closed with a code that says why. For adapters. */
  connect(socket: Socket, transport: SocketTransport, options?: ConnectOptions): Connection
  /** Closes a connection of this node. Does nothing when there is none of this id. @throws `ERR_OPTION_INVALID` for a bad code. */
  disconnect(connectionId: string, code?: number, reason?: string): void
  /** Handles what clients send. @throws `ERR_ROOM_INVALID` for a malformed pattern. */
  readonly on: HandleMessages
  /**
   * Publishes to a room, on all nodes. `@all` is everybody and `@connection:<id>` is one connection; what goes there is not kept.
   *
   * @param room A name, or a room of a type: its messages are then checked by the compiler too.
   * @returns The message's place in the room's history; `undefined` when it is not kept.
   * @throws `ERR_ROOM_INVALID`, `ERR_MESSAGE_INVALID`, `ERR_MESSAGE_TOO_LARGE`, `ERR_OPTION_INVALID`, `ERR_UNSUPPORTED`,
   *   `ERR_NOT_STARTED`, `ERR_BROKER_UNAVAILABLE`.
   */
  broadcastToRoom<Sent extends MessageRules = MessageRules>(
    room: string | TypedRoom<Sent>,
    message: MessageOf<Sent>,
    options?: BroadcastOptions,
  ): Promise<Position | undefined>
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
  /** Who is in a room, on all nodes. Empty for rooms without `presence`. @throws `ERR_NOT_STARTED`, `ERR_BROKER_UNAVAILABLE` */
  present(room: string): Promise<PresenceView>
  /** How the rooms of this node are doing. */
  inspect(): RoomsSnapshot
}

export interface HubOptions {
  readonly driver: Late<RoomsDriver>
  readonly tracer: BroadcastTracer & InboundTracer & RelayTracer
  /** How spans name the rooms. @default bothNames */
  readonly messaging?: MessagingSystem
  readonly measures?: RoomMeasures
  readonly clock: Clock
  readonly report: Report
  /** Names this node: letters, digits and `_ . -`. */
  readonly instanceId: string
  readonly ids: Ids
  readonly limits?: Partial<RoomsLimits>
  /** Milliseconds in which a connection must give a sign of life. @default 25000 */
  readonly heartbeat?: number
  /** The kinds of rooms that are declared. @default none */
  readonly roomTypes?: readonly RoomType[]
  /** @default 'reject' */
  readonly onBrokerDown?: OnBrokerDown | undefined
  /** A number in [0, 1). @default Math.random */
  readonly random?: () => number
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
  const { schedule = queueMicrotask, roomTypes = [], random = Math.random, messaging = bothNames } = options
  const { measures = noRoomMeasures } = options
  const limits: RoomsLimits = { ...defaultLimits, ...options.limits }
  const inbox = inboxOf(instanceId)
  const typeOf = (room: string) => roomTypes.find((type) => type.match(room))
  const meter = createMeter(clock)
  const slow = new Set<Outflow>()
  const outflowLimits = softLimits(limits)
  const fanout = createFanout({ schedule, clock, meter })
  const delivery = createDelivery({
    schedule,
    enough: outflowLimits.softBuffered,
    clock,
    report,
    delivered: (count) => meter.delivered.add(count),
  })
  const pressure = jointPressure(fanout, delivery)
  const heartbeat = createHeartbeat()
  const subscriptions = createSubscriptions(driver, report)
  const outbox = createOutbox({
    driver,
    clock,
    onBrokerDown: options.onBrokerDown,
    instanceId,
    pressure,
    deliverLocally,
  })
  const presence = createPresence({ driver, outbox, ids, clock, report, typeOf, up: () => watch.health === 'up' })
  const relays = createRelaySpans(tracer, messaging)
  const members = createMembers({
    driver,
    subscriptions,
    attendance: presence,
    fanout,
    pressure,
    clock,
    report,
    relays,
  })
  const mayDo = createMayDo(typeOf)
  const subscriber = createSubscriber({ mayDo, maxRooms: limits.maxRoomsPerConnection, report })
  const inbound = createInbound({ limits, clock, tracer, messaging, report, meter, subscriber, mayDo, typeOf })
  const reach = createReach([everybody, inbox], subscriptions, clock)
  const watch = createBrokerWatch({ driver, rooms: members.live, tell, back: outbox.retry, clock, random, report })
  const broadcaster = createBroadcaster({
    outbox,
    tracer,
    messaging,
    relays,
    ids,
    clock,
    meter,
    measures,
    maxBytes: limits.maxMessage,
    typeOf,
    recipients,
  })

  const node = {
    outflow: { delivery, limits: outflowLimits, meter, slow },
    limits,
    clock,
    ping: () => ({ type: 'PING', ts: clock.now() }) as const,
    direct: (message: Message) => new Outbound(broadcaster.direct(message)),
    join: members.join,
    leave: members.leave,
    receive: inbound.receive,
  }
  const reception = createReception({
    instanceId,
    node,
    limits,
    clock,
    report,
    reach,
    heartbeat,
    interval,
    typeOf,
    degraded: () => watch.health === 'down',
    admitted() {
      stopTicking ??= clock.every(Math.min(beat, 1_000), tick)
    },
  })
  const { open } = reception
  const beat = interval / buckets
  let beatAt = 0
  let stopTicking: CancelTimer | undefined

  /** The one timer of all connections and rooms. */
  function tick(): void {
    const now = clock.monotonic()
    if (now - beatAt >= beat) {
      beatAt = now
      heartbeat.tick()
    }
    members.sweep()
    reach.sweep(open.size)
    watch.tick()
    presence.tick()
    reception.tick()
    for (const outflow of slow) outflow.release()
  }

  function tell(state: 'degraded' | 'ok'): void {
    const message = new Outbound(formatFrame({ type: 'SYSTEM', state }))
    fanout.run({ message, members: open, give: (connection) => connection.deliver(message) })
  }

  /** Every message of the broker arrives here. */
  function receive(message: RoomMessage): void {
    if (message.text === undefined) return void take(message)
    const text = message.position ? message.text : unrelayed(message.text, instanceId)
    if (text === undefined) return
    take(text === message.text ? message : { ...message, text })
  }

  /** How many connections of this node a message of a room is for. */
  function recipients(room: string): number {
    if (room === inbox) return 1
    return room === everybody ? open.size : membersOf(room)
  }

  function take(message: RoomMessage): void {
    const { room: name, text } = message
    if (name === everybody || name === inbox) {
      if (text === undefined) return
      relays.around({ room: name, text, recipients: recipients(name) }, () => {
        if (name === everybody) receiveForAll(new Outbound(text))
        else receiveDirect(unaddressed(text))
      })
      return
    }
    const room = members.room(name)
    if (room === undefined) return
    room.heardAt = clock.monotonic()
    room.receive(message)
  }

  function receiveForAll(message: Outbound): void {
    fanout.offer({ message, members: open, give: (connection) => connection.deliver(message) })
  }

  function receiveDirect({ connection, text }: Addressed): void {
    open.get(connection)?.deliver(new Outbound(text))
  }

  /** Nobody is promised what is for everybody before the node hears it. */
  function deliverLocally({ room, text }: OutgoingMessage, alone: boolean): boolean {
    if (room.startsWith('@') && room !== everybody) return false
    const marked = alone || watch.health !== 'up' ? degraded(text) : text
    if (room !== everybody || reach.live) take({ room, text: marked })
    return true
  }

  function broadcastToRoom(
    room: string | TypedRoom,
    message: Message,
    broadcastOptions?: BroadcastOptions,
  ): Promise<Position | undefined> {
    if (room === everybody) return broadcaster.toAll(message).then(nowhere)
    if (typeof room === 'string' && room.startsWith(connectionRoom)) {
      return sendToConnection(connectionOf(room), message).then(nowhere)
    }
    return broadcaster.toRoom(room, message, broadcastOptions)
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

  function inspect(): RoomsSnapshot {
    const { published, received, delivered, dropped, coalesced, lost, evicted } = meter
    const counted = (rate: typeof published) => ({ total: rate.total, perSecond: rate.perSecond() })
    return {
      connections: open.size,
      rooms: members.names().length,
      broker: watch.health,
      buffered: outbox.buffered,
      waiting: fanout.waiting,
      backlog: [...open.values()].reduce((bytes, { outflow }) => bytes + outflow.backlog, 0),
      slow: slow.size,
      published: counted(published),
      received: counted(received),
      delivered: counted(delivered),
      dropped,
      coalesced,
      lost,
      evicted,
    }
  }

  return {
    rooms: {
      connect: reception.connect,
      disconnect: (id, code, reason) => open.get(id)?.close(code, reason),
      on: inbound.on,
      broadcastToRoom,
      broadcastToAll: broadcaster.toAll,
      sendToConnection,
      members: membersOf,
      connection: (id) => open.get(id),
      rooms: members.names,
      connections: () => open.size,
      present: presence.list,
      inspect,
    },
    attach(target) {
      target.listen({ message: receive, state: watch.state })
    },
    start() {
      reception.reopen()
      watch.reset()
    },
    async stop() {
      await reception.close()
      stopTicking?.()
      stopTicking = undefined
      outbox.close()
      if (driver.peek() === undefined) return
      await presence.close()
      await Promise.all([members.clear(), reach.close()])
    },
  }
}

/** The place of what is not kept. */
function nowhere(): undefined {}

/** A soft limit above the hard one would never be noticed. */
function softLimits({ softBuffered, maxBuffered }: RoomsLimits): Pick<RoomsLimits, 'softBuffered' | 'maxBuffered'> {
  return { softBuffered: Math.min(softBuffered, maxBuffered), maxBuffered }
}
