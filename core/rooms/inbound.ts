import type { Clock } from '../clock.js'
import type { Unsubscribe } from '../emitter.js'
import { closeCodes } from '../protocol/close-codes.js'
import { parseOp } from '../protocol/codec.js'
import type { ClientOp, PingOp, PublishOp } from '../protocol/frames.js'
import type { Report } from '../report.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import type { Connection, HubConnection } from './connection.js'
import { type RoomsLimits, strike, take } from './limits.js'
import type { Meter } from './meter.js'
import { isRoomName, type RoomPattern, roomPattern } from './names.js'
import { acknowledge, type Objection, refuse } from './ops.js'
import { type InboundTracer, processSpan } from './process-span.js'
import { type DataOf, inboundData, type MessageRules, type RoomParams, type RoomType } from './room-type.js'
import type { MayDo, Subscriber } from './subscribe-op.js'

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

/** A message of a client in a room of a type, after its schema has seen it. */
export type TypedInbound<Pattern extends string, Received extends MessageRules> = string extends keyof Received
  ? Omit<InboundMessage, 'params'> & { readonly params: RoomParams<Pattern> }
  : {
      [Type in keyof Received & string]: Omit<InboundMessage, 'params' | 'type' | 'data'> & {
        readonly params: RoomParams<Pattern>
        readonly type: Type
        readonly data: DataOf<Received[Type], 'output'>
      }
    }[keyof Received & string]

/** Takes what clients send in rooms of a type. */
export type TypedHandler<Pattern extends string, Received extends MessageRules> = (
  message: TypedInbound<Pattern, Received>,
  connection: Connection,
) => void | Promise<void>

/** Handles what clients send. */
export interface HandleMessages {
  /**
   * Handles what clients send to the rooms of a pattern: `workflow:{id}`, or `*` for all.
   *
   * @throws `ERR_ROOM_INVALID` for a malformed pattern.
   */
  (pattern: string, handler: MessageHandler): Unsubscribe
  /** Handles what clients send to the rooms of a type. */
  <Pattern extends string, Sent extends MessageRules, Received extends MessageRules>(
    type: RoomType<Pattern, Sent, Received>,
    handler: TypedHandler<Pattern, Received>,
  ): Unsubscribe
}

/** Everything that comes from clients. Nothing that one sends throws. */
export interface Inbound {
  readonly on: HandleMessages
  receive(connection: HubConnection, text: string): void
}

export interface InboundOptions {
  readonly limits: RoomsLimits
  readonly clock: Clock
  readonly tracer: InboundTracer
  readonly messaging: MessagingSystem
  readonly report: Report
  readonly meter: Meter
  readonly subscriber: Subscriber
  readonly mayDo: MayDo
  typeOf(room: string): RoomType | undefined
}

interface Registered {
  readonly pattern: RoomPattern
  readonly handler: MessageHandler
}

interface Match {
  readonly registered: Registered
  readonly params: Readonly<Record<string, string>>
}

/** What one connection has asked for and has not got yet. */
interface Queue {
  length: number
  /** Ends with the last one that others wait for. */
  last: Promise<void>
  /** Subscriptions on their way: they wait for the broker side by side, and whatever comes after them waits for all. */
  subscribing: Promise<unknown>
}

export function createInbound(options: InboundOptions): Inbound {
  const { limits, clock, tracer, report, meter, subscriber, mayDo, typeOf } = options
  const handlers = new Set<Registered>()
  const queues = new WeakMap<HubConnection, Queue>()

  function receive(connection: HubConnection, text: string): void {
    const now = clock.monotonic()
    const wait = take(connection.credit, limits.messagesPerSecond, now)
    if (wait > 0) return void flooded(connection, wait, now)
    const parsed = parseOp(text, limits.maxPayload)
    if (!parsed.ok) return void malformed(connection, parsed)
    meter.received.add(1)
    const { op } = parsed
    if (op.op === 'pong') return
    if (op.op === 'ping') return void pong(connection, op)
    if (!connection.admitted && op.op !== 'auth') return void refuse(connection, notAdmitted, op)
    enqueue(connection, op)
  }

  /** One thing of a connection at a time, so that what takes long cannot be overtaken. */
  function enqueue(connection: HubConnection, op: Queued): void {
    const idle = Promise.resolve()
    const queue = queues.get(connection) ?? { length: 0, last: idle, subscribing: idle }
    if (queue.length >= maxQueued) return void refuse(connection, tooMany, op)
    queues.set(connection, queue)
    queue.length += 1
    queue.last = queue.last
      .then(() => perform(connection, op, queue))
      .catch((error: unknown) => report(error, { stage: 'rooms.message', connection: connection.id }))
      .finally(() => {
        queue.length -= 1
      })
  }

  async function perform(connection: HubConnection, op: Queued, queue: Queue): Promise<void> {
    if (!connection.open) return
    if (op.op === 'subscribe') {
      queue.subscribing = Promise.all([queue.subscribing, subscriber.subscribe(connection, op)])
      return
    }
    await queue.subscribing
    if (op.op === 'resume') await subscriber.resume(connection, op)
    else if (op.op === 'unsubscribe') subscriber.unsubscribe(connection, op)
    else if (op.op === 'auth') await subscriber.authenticate(connection, op)
    else await publish(connection, op)
  }

  async function publish(connection: HubConnection, op: PublishOp): Promise<void> {
    try {
      const room = op.room ?? onlyRoom(connection)
      const objection = await objectionTo(connection, room)
      if (objection || room === undefined) return refuse(connection, objection ?? noRoom, op)
      const matches = matching(room)
      if (matches.length === 0) return refuse(connection, nobody, op)
      const checked = await inboundData(typeOf(room), op)
      if ('issues' in checked) return refuse(connection, { ...invalid, issues: checked.issues }, op)
      await traced(connection, op, matches, () => handle(connection, { ...op, data: checked.data }, room, matches))
      acknowledge(connection, op)
    } catch (error) {
      report(error, { stage: 'rooms.message', connection: connection.id })
      refuse(connection, failed, op)
    }
  }

  /** Why a connection may not publish in a room. */
  async function objectionTo(connection: HubConnection, room: string | undefined): Promise<Objection | undefined> {
    if (room === undefined) return noRoom
    if (!isRoomName(room)) return notARoom
    if (!(await mayDo(connection, 'room:publish', room))) return forbidden
    return connection.memberships.get(room)?.live ? undefined : notSubscribed
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
    const pattern = matches[0]?.registered.pattern.source ?? '*'
    const span = processSpan(tracer, { connection, op, pattern, messaging: options.messaging })
    try {
      await tracer.withSpan(span, work)
    } catch (error) {
      span.fail(error)
      throw error
    } finally {
      span.end()
    }
  }

  function on(target: string | RoomType, handler: (message: never, connection: Connection) => void | Promise<void>) {
    const source = typeof target === 'string' ? target : target.definition.pattern
    const registered: Registered = { pattern: roomPattern(source), handler: handler as MessageHandler }
    handlers.add(registered)
    return () => void handlers.delete(registered)
  }

  return { on, receive }
}

type Queued = Exclude<ClientOp, { readonly op: 'ping' | 'pong' }>

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

function onlyRoom({ memberships }: HubConnection): string | undefined {
  return memberships.size === 1 ? [...memberships.keys()][0] : undefined
}

function pong(connection: HubConnection, { ts, ref }: PingOp): void {
  connection.control({ type: 'PONG', ...(ts !== undefined && { ts }), ...(ref !== undefined && { ref }) })
}

function flooded(connection: HubConnection, retryAfter: number, now: number): void {
  refuse(connection, { code: 'rate_limited', message: 'Too many messages. Slow down.', retryAfter }, {})
  if (strike(connection.floods, now)) connection.close(closeCodes.rateLimited, 'too many messages')
}

function malformed(connection: HubConnection, { code, message, ref }: Objection & { readonly ref?: string }): void {
  refuse(connection, { code, message }, { ref })
  if (code === 'payload_too_large') connection.close(closeCodes.tooLarge, 'message too large')
  if (code === 'bad_request' && ++connection.malformed >= maxMalformed) {
    connection.close(closeCodes.badRequest, 'malformed messages')
  }
}

const noRoom: Objection = {
  code: 'bad_request',
  message: 'A message needs a room, unless the connection is in exactly one.',
}
const notARoom: Objection = { code: 'room_invalid', message: 'This is no name of a room.' }
const forbidden: Objection = { code: 'forbidden', message: 'Publishing in this room is not allowed.' }
const notSubscribed: Objection = { code: 'not_subscribed', message: 'The connection is not in this room.' }
const nobody: Objection = { code: 'forbidden', message: 'Nobody here takes messages of this room.' }
const invalid: Objection = { code: 'validation_failed', message: 'The data is not what this type of message has.' }
const failed: Objection = { code: 'internal', message: 'The message could not be handled.' }
const tooMany: Objection = { code: 'rate_limited', message: 'Too many messages are waiting.' }
const notAdmitted: Objection = { code: 'unauthenticated', message: 'Send a token first, with the op auth.' }

/** Messages of one connection that may wait for its handlers. */
const maxQueued = 64
const maxMalformed = 3
