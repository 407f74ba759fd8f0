import type { Clock } from '../clock.js'
import type { Socket, SocketTransport } from '../ports/socket.js'
import { closeCodes } from '../protocol/close-codes.js'
import { protocolName, type WelcomeFrame } from '../protocol/frames.js'
import type { Report } from '../report.js'
import { type Connection, type ConnectionNode, type ConnectOptions, HubConnection } from './connection.js'
import { drain } from './drain.js'
import type { Heartbeat } from './heartbeat.js'
import type { RoomsLimits } from './limits.js'
import type { Reach } from './reach.js'
import { refusal } from './refusal.js'
import type { RoomType } from './room-type.js'
import { allowedByType } from './subscribe-op.js'

/** The connections of a node: how they come in, and when they are gone. */
export interface Reception {
  connect(socket: Socket, transport: SocketTransport, options?: ConnectOptions): Connection
  /** Those that take part, by id. */
  readonly open: ReadonlyMap<string, HubConnection>
  /** Lets go of those that have not said in time who they are. */
  tick(): void
  /** Takes connections from now on. */
  reopen(): void
  /** Takes no more, asks all to go elsewhere, and waits for them for a few seconds at most. */
  close(): Promise<void>
}

export interface ReceptionOptions {
  readonly instanceId: string
  readonly node: Omit<ConnectionNode, 'ending' | 'ended'>
  readonly limits: RoomsLimits
  readonly clock: Clock
  readonly report: Report
  readonly reach: Reach
  readonly heartbeat: Heartbeat
  /** Milliseconds. */
  readonly interval: number
  typeOf(room: string): RoomType | undefined
  /** Whether newcomers should know that the broker is away. */
  degraded(): boolean
  /** Called for every connection that comes in. */
  admitted(): void
}

export function createReception(options: ReceptionOptions): Reception {
  const { instanceId, limits, clock, report, reach, heartbeat, interval, typeOf, degraded, admitted } = options
  const open = new Map<string, HubConnection>()
  /** Those that have yet to say who they are, with the time by which they must. */
  const strangers = new Map<HubConnection, number>()
  /** Includes those whose closing handshake is not over. */
  const present = new Set<HubConnection>()
  let serial = 0
  let closing = false
  let whenEmpty: (() => void) | undefined

  const node: ConnectionNode = {
    ...options.node,
    ending(connection) {
      open.delete(connection.id)
      strangers.delete(connection)
      heartbeat.remove(connection)
    },
    ended(connection) {
      present.delete(connection)
      if (present.size === 0) whenEmpty?.()
    },
  }

  function connect(socket: Socket, transport: SocketTransport, wishes: ConnectOptions = {}): Connection {
    const id = `${instanceId}.${(++serial).toString(36)}`
    const connection = new HubConnection(id, { socket, transport }, wishes, node)
    const full = present.size >= limits.maxConnections
    present.add(connection)
    if (closing) connection.close(closeCodes.restart, 'restarting')
    else if (full) connection.close(closeCodes.tryLater, 'too many connections')
    else void admit(connection)
    return connection
  }

  async function admit(connection: HubConnection): Promise<void> {
    open.set(connection.id, connection)
    heartbeat.add(connection)
    if (!connection.admitted) strangers.set(connection, clock.monotonic() + patience)
    admitted()
    try {
      await reach.open()
      connection.control(welcome(connection.id))
      if (degraded()) connection.control({ type: 'SYSTEM', state: 'degraded' })
      await Promise.all((connection.options.rooms ?? []).map((room) => joinAtOnce(connection, room)))
    } catch (error) {
      refuse(connection, error)
    }
  }

  /** The adapter has asked `authorize` about the room, the room's type has not been asked yet. */
  async function joinAtOnce(connection: HubConnection, room: string): Promise<void> {
    const wish = { action: 'room:join', room, principal: connection.principal } as const
    if (await allowedByType(typeOf(room), wish)) return await connection.join(room)
    const message = 'Joining this room is not allowed.'
    connection.control({ type: 'ERROR', code: 'forbidden', message, retryable: false, room })
    connection.close(closeCodes.forbidden, 'forbidden')
  }

  /** A connection that cannot be reached, or is not in the room it came for, is of no use to its client. */
  function refuse(connection: HubConnection, error: unknown): void {
    if (!connection.open) return
    const { frame, close } = refusal(error)
    if (frame.code === 'internal') report(error, { stage: 'rooms.connect', connection: connection.id })
    connection.control(frame)
    connection.close(close, frame.code)
  }

  function welcome(connection: string): WelcomeFrame {
    const { maxPayload, maxRoomsPerConnection: maxRooms, messagesPerSecond: rate } = limits
    return {
      type: 'WELCOME',
      connection,
      protocol: protocolName,
      heartbeat: interval,
      limits: { maxPayload, maxRooms, rate },
      retry: { min: 500, max: 20_000 },
    }
  }

  return {
    connect,
    open,
    tick() {
      const now = clock.monotonic()
      for (const [connection, until] of strangers) {
        if (connection.admitted) strangers.delete(connection)
        else if (now >= until) connection.close(closeCodes.timeout, 'timeout')
      }
    },
    reopen() {
      closing = false
    },
    async close() {
      closing = true
      const empty = new Promise<void>((resolve) => {
        whenEmpty = resolve
      })
      if (present.size > 0) await drain({ clock, left: present, empty })
    },
  }
}

/** Milliseconds in which somebody whom nobody knows has to present a token. */
const patience = 5_000
