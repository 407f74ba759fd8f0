import type { Clock } from '../clock.js'
import { invalidOption } from '../errors.js'
import type { Ids } from '../ids.js'
import type { RoomMeasures } from '../metrics/room-measures.js'
import type { Position } from '../ports/rooms.js'
import type { Tracing } from '../ports/tracer.js'
import { checkKeys } from '../suggest.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import { addressed, createStamps, writeEnvelope } from './envelope.js'
import type { DeliveryClass, HistoryOption, Message } from './messages.js'
import type { Meter } from './meter.js'
import { checkRoomName, everybody, inboxOf, roomTemplate } from './names.js'
import type { Outbox } from './outbox.js'
import type { RelaySpans } from './relay-spans.js'
import { type Dispatch, dispatch, type RoomType, type TypedRoom } from './room-type.js'

/** How to publish a message. */
export interface BroadcastOptions {
  /**
   * Names the message: given again within a minute, it is not delivered again and has its first position. At most 128 characters.
   *
   * @default a new UUID
   */
  readonly id?: string
  /**
   * What to keep for those who join later.
   *
   * @default what the room's type says, else 100 messages for an hour for WORKFLOW_UPDATE and NETWORK_UPDATE, for a day for
   *   NOTIFICATION; nothing for other types
   */
  readonly history?: HistoryOption
  /**
   * What becomes of it for clients that read slowly.
   *
   * @default what the room's type says, else `latest` for WORKFLOW_UPDATE and NETWORK_UPDATE that do not end anything, `reliable` for others
   */
  readonly delivery?: DeliveryClass
  /** With delivery `latest`: only messages of the same type and key replace each other. @default one key for all */
  readonly key?: string
  /** The caller's database transaction: the room hears the message when it commits. For drivers that support it. */
  readonly tx?: unknown
}

const optionNames = Object.keys({
  id: true,
  history: true,
  delivery: true,
  key: true,
  tx: true,
} satisfies Readonly<Record<keyof BroadcastOptions, true>>)

/** What publishing needs of the tracer. */
export type BroadcastTracer = Pick<Tracing, 'enabled' | 'startSpan' | 'withSpan' | 'inject'>

export interface BroadcasterOptions {
  readonly outbox: Outbox
  readonly tracer: BroadcastTracer
  readonly messaging: MessagingSystem
  readonly relays: Pick<RelaySpans, 'sent'>
  readonly ids: Ids
  readonly clock: Clock
  readonly maxBytes: number
  readonly meter: Meter
  readonly measures: RoomMeasures
  /** The type of a room, if it is declared. */
  typeOf(room: string): RoomType | undefined
  /** Members of a room on this node. */
  recipients(room: string): number
}

/** Publishes. */
export interface Broadcaster {
  toRoom(room: string | TypedRoom, message: Message, options?: BroadcastOptions): Promise<Position | undefined>
  toAll(message: Message): Promise<void>
  /** To a connection of another node. */
  toConnection(node: string, connection: string, message: Message): Promise<void>
  /** A message for a connection of this node, as it leaves. */
  direct(message: Message): string
}

export function createBroadcaster({
  outbox,
  tracer,
  messaging,
  relays,
  ids,
  clock,
  maxBytes,
  meter,
  measures,
  typeOf,
  recipients,
}: BroadcasterOptions): Broadcaster {
  const stamp = createStamps(clock)
  const isWatched = () => tracer.enabled || measures.enabled

  /** For those who trace or measure. `send` gets the headers of the broadcast's span, or none when nobody traces. */
  async function told<T>(
    template: string,
    id: string,
    room: string,
    send: (traceparent?: string) => Promise<T>,
  ): Promise<T> {
    const sent = tracer.enabled ? await traced(template, id, room, send) : await send()
    if (measures.enabled) measures.broadcast(template, recipients(room))
    return sent
  }

  async function traced<T>(
    template: string,
    id: string,
    room: string,
    send: (traceparent?: string) => Promise<T>,
  ): Promise<T> {
    const attributes = { ...messaging('websocket'), ...attributesOf(template, id) }
    const span = tracer.startSpan(`broadcast ${template}`, { kind: 'producer', attributes })
    try {
      return await tracer.withSpan(span, () => {
        const { traceparent } = tracer.inject({})
        if (traceparent !== undefined) relays.sent(traceparent)
        return send(traceparent)
      })
    } catch (error) {
      span.fail(error)
      throw error
    } finally {
      span.set('triport.room.recipients', recipients(room)).end()
    }
  }

  /** May throw at once. */
  function publish({ room, type, message, options }: Publication): Promise<Position | undefined> {
    const fresh = options.id === undefined
    const id = options.id ?? ids.next()
    if (!fresh) checkId(id)

    function leave({ message, retention, delivery }: Dispatch): Promise<Position | undefined> {
      const send = (traceparent?: string) => {
        const head = { id, time: stamp(), delivery, traceparent, room: room === everybody ? undefined : room }
        const outgoing = { room, text: writeEnvelope(message, head, maxBytes), id, fresh, retention }
        // What is not kept has no place in an order that all nodes agree on, so nobody here needs to wait for the broker.
        const isPassing = retention === 'none' && options.tx === undefined
        const sent = isPassing ? outbox.relay(outgoing) : outbox.publish(outgoing, options.tx)
        meter.published.add(1)
        return sent
      }
      return isWatched() ? told(roomTemplate(room), id, room, send) : send()
    }

    const dispatched = dispatch(type, message, options)
    return dispatched instanceof Promise ? dispatched.then(leave) : leave(dispatched)
  }

  return {
    async toRoom(target, message, options = {}) {
      const room = typeof target === 'object' && target !== null ? target.name : target
      checkRoomName(room)
      checkKeys(options, optionNames, 'option of a broadcast')
      const type = typeof target === 'string' ? typeOf(target) : target.type
      return await publish({ room, type, message, options })
    },
    async toAll(message) {
      await publish({ room: everybody, type: undefined, message, options: { history: 'none' } })
    },
    async toConnection(node, connection, message) {
      const id = ids.next()
      const room = inboxOf(node)
      const send = (traceparent?: string) => {
        const text = writeEnvelope(message, { id, time: stamp(), traceparent }, maxBytes)
        return outbox.publish({ room, text: addressed(connection, text), id, retention: 'none' })
      }
      await (isWatched() ? told('@connection:{id}', id, room, send) : send())
    },
    direct: (message) => writeEnvelope(message, { id: ids.next(), time: stamp() }, maxBytes),
  }
}

interface Publication {
  readonly room: string
  readonly type: RoomType | undefined
  readonly message: Message
  readonly options: BroadcastOptions
}

function attributesOf(template: string, id: string) {
  return {
    'messaging.operation.name': 'broadcast',
    'messaging.operation.type': 'send',
    'messaging.destination.template': template,
    'messaging.message.id': id,
  }
}

function checkId(id: unknown): void {
  if (typeof id === 'string' && id !== '' && id.length <= 128) return
  throw invalidOption(`The message id ${JSON.stringify(id)} is no text of 1 to 128 characters.`)
}
