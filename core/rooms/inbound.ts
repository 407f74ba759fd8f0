import type { Clock } from '../clock.js'
import type { Unsubscribe } from '../emitter.js'
import type { Span, Tracing } from '../ports/tracer.js'
import { closeCodes } from '../protocol/close-codes.js'
import { parseOp } from '../protocol/codec.js'
import type { ErrorFrame, PingOp, ProtocolErrorCode, PublishOp } from '../protocol/frames.js'
import type { Report } from '../report.js'
import type { Connection, HubConnection } from './connection.js'
import { type RoomsLimits, strike, take } from './limits.js'
import { isRoomName, type RoomPattern, roomPattern } from './names.js'

/** A message of a client that was allowed to send it. */
export interface InboundMessage {
  readonly room: string
  readonly type: string
  /** As sent: check it before you use it. */
  readonly data: unknown
  /** What the placeholders of the pattern stand for: `{ id: '42' }`. */
  readonly params: Readonly<Record<string, string>>
  /** The client's own name for the message, the same when it sends it again. */
  readonly id?: string
}

/** Takes a client's message. The client's next one waits until it has returned. */
export type MessageHandler = (message: InboundMessage, connection: Connection) => void | Promise<void>

/** What handling needs of the tracer. */
export type InboundTracer = Pick<Tracing, 'enabled' | 'startSpan' | 'withSpan' | 'run' | 'active' | 'extract'>

/** Everything that comes from clients. Nothing that one sends throws. */
export interface Inbound {
  /** @throws `ERR_ROOM_INVALID` for a malformed pattern. */
  on(pattern: string, handler: MessageHandler): Unsubscribe
  receive(connection: HubConnection, text: string): void
}

export interface InboundOptions {
  readonly limits: RoomsLimits
  readonly clock: Clock
  readonly tracer: InboundTracer
  readonly report: Report
}

interface Registered {
  readonly pattern: RoomPattern
  readonly handler: MessageHandler
}

interface Match {
  readonly registered: Registered
  readonly params: Readonly<Record<string, string>>
}

export function createInbound({ limits, clock, tracer, report }: InboundOptions): Inbound {
  const handlers = new Set<Registered>()
  const queues = new WeakMap<HubConnection, { length: number; last: Promise<void> }>()

  function receive(connection: HubConnection, text: string): void {
    const now = clock.monotonic()
    const wait = take(connection.credit, limits.messagesPerSecond, now)
    if (wait > 0) {
      flooded(connection, wait, now)
      return
    }
    const parsed = parseOp(text, limits.maxPayload)
    if (!parsed.ok) refused(connection, parsed)
    else if (parsed.op.op === 'ping') pong(connection, parsed.op)
    else enqueue(connection, parsed.op)
  }

  /** One message of a connection at a time, so that an asynchronous handler cannot reorder them. */
  function enqueue(connection: HubConnection, op: PublishOp): void {
    const queue = queues.get(connection) ?? { length: 0, last: Promise.resolve() }
    if (queue.length >= maxQueued) {
      answer(connection, 'rate_limited', 'Too many messages are waiting.', op)
      return
    }
    queues.set(connection, queue)
    queue.length += 1
    queue.last = queue.last
      .then(() => publish(connection, op))
      .finally(() => {
        queue.length -= 1
      })
  }

  async function publish(connection: HubConnection, op: PublishOp): Promise<void> {
    if (!connection.open) return
    try {
      const room = op.room ?? onlyRoom(connection)
      const problem = await objection(connection, room)
      if (problem || room === undefined) return answer(connection, ...(problem ?? noRoom), op)
      const matches = matching(room)
      if (matches.length === 0) return answer(connection, 'forbidden', 'Nobody here takes messages of this room.', op)
      await traced(connection, op, matches, () => handle(connection, op, room, matches))
      if (op.ref !== undefined) connection.control({ type: 'ACK', ref: op.ref })
    } catch (error) {
      report(error, { stage: 'rooms.message', connection: connection.id })
      answer(connection, 'internal', 'The message could not be handled.', op)
    }
  }

  function matching(room: string): Match[] {
    return [...handlers].flatMap((registered) => {
      const params = registered.pattern.match(room)
      return params ? [{ registered, params }] : []
    })
  }

  async function traced(
    connection: HubConnection,
    op: PublishOp,
    matches: readonly Match[],
    work: () => Promise<void>,
  ): Promise<void> {
    if (!tracer.enabled) return await work()
    const span = startSpan(tracer, connection, op, matches[0]?.registered.pattern.source ?? '*')
    try {
      await tracer.withSpan(span, work)
    } catch (error) {
      span.fail(error)
      throw error
    } finally {
      span.end()
    }
  }

  return {
    on(pattern, handler) {
      const registered = { pattern: roomPattern(pattern), handler }
      handlers.add(registered)
      return () => void handlers.delete(registered)
    },
    receive,
  }
}

async function handle(
  connection: HubConnection,
  { type, data, id }: PublishOp,
  room: string,
  matches: readonly Match[],
): Promise<void> {
  for (const { registered, params } of matches) {
    await registered.handler({ room, type, data, params, ...(id !== undefined && { id }) }, connection)
  }
}

/** A root span that links to the upgrade: a connection may live for days, a trace should not. */
function startSpan(tracer: InboundTracer, connection: HubConnection, op: PublishOp, pattern: string): Span {
  const template = pattern === '*' ? 'message' : pattern
  const { spanContext } = connection.options
  const root = tracer.run('root', () => tracer.active())
  return tracer.startSpan(`process ${template}`, {
    kind: 'consumer',
    parent: op.traceparent === undefined ? 'root' : tracer.extract({ traceparent: op.traceparent }, root),
    links: spanContext ? [{ context: spanContext }] : [],
    attributes: {
      'messaging.system': 'websocket',
      'messaging.system.name': 'websocket',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.template': template,
    },
  })
}

type Objection = readonly [ProtocolErrorCode, string]

const noRoom: Objection = ['bad_request', 'A message needs a room, unless the connection is in exactly one.']

/** Why a connection may not publish in a room. */
async function objection(connection: HubConnection, room: string | undefined): Promise<Objection | undefined> {
  if (room === undefined) return noRoom
  if (!isRoomName(room)) return ['room_invalid', 'This is no name of a room.']
  const allowed = await connection.options.authorize?.('room:publish', room)
  if (allowed !== true) return ['forbidden', 'Publishing in this room is not allowed.']
  return connection.memberships.get(room)?.live ? undefined : ['not_subscribed', 'The connection is not in this room.']
}

function onlyRoom({ memberships }: HubConnection): string | undefined {
  return memberships.size === 1 ? [...memberships.keys()][0] : undefined
}

function pong(connection: HubConnection, { ts, ref }: PingOp): void {
  connection.control({ type: 'PONG', ...(ts !== undefined && { ts }), ...(ref !== undefined && { ref }) })
}

function flooded(connection: HubConnection, retryAfter: number, now: number): void {
  const message = 'Too many messages. Slow down.'
  connection.control({ type: 'ERROR', code: 'rate_limited', message, retryable: true, retryAfter })
  if (strike(connection.floods, now)) connection.close(closeCodes.rateLimited, 'too many messages')
}

function refused(
  connection: HubConnection,
  { code, message, ref }: { code: ProtocolErrorCode; message: string; ref?: string },
): void {
  answer(connection, code, message, ref === undefined ? {} : { ref })
  if (code === 'payload_too_large') connection.close(closeCodes.tooLarge, 'message too large')
  if (code === 'bad_request' && ++connection.malformed >= maxMalformed) {
    connection.close(closeCodes.badRequest, 'malformed messages')
  }
}

function answer(
  connection: HubConnection,
  code: ProtocolErrorCode,
  message: string,
  about: { readonly ref?: string; readonly room?: string },
): void {
  const frame: ErrorFrame = { type: 'ERROR', code, message, retryable: code === 'rate_limited' }
  const room = isRoomName(about.room) ? { room: about.room } : {}
  connection.control({ ...frame, ...room, ...(about.ref !== undefined && { ref: about.ref }) })
}

/** Messages of one connection that may wait for its handlers. */
const maxQueued = 64
const maxMalformed = 3
