import type { Clock } from '../clock.js'
import { TriportError } from '../errors.js'
import type { Position } from '../ports/rooms.js'
import type { Frame, SocketTransport } from '../ports/socket.js'
import { checkMessageType, type Delivery, type DeliveryClass, type Message } from './messages.js'

/** What an envelope says besides its message. */
export interface EnvelopeHead {
  readonly id: string
  readonly room?: string | undefined
  /** When it was published, as `createStamps` writes it. */
  readonly time: string
  /** @default { class: 'reliable' } */
  readonly delivery?: Delivery
  readonly traceparent?: string | undefined
}

/**
 * Writes a message as the text that goes to the broker: the envelope without its position.
 *
 * `type`, `id` and what concerns delivery come first, so that nodes find them without parsing. A message is serialised here and nowhere
 * else: `placed` splices the position in, once per node.
 *
 * @throws `ERR_MESSAGE_INVALID` for a type that may not be sent and for data that JSON cannot carry; `ERR_MESSAGE_TOO_LARGE` over
 *   `maxBytes` of UTF-8.
 */
export function writeEnvelope(message: Message, head: EnvelopeHead, maxBytes: number): string {
  checkMessageType(message?.type)
  const room = head.room === undefined ? '' : `,"room":"${head.room}"`
  const care = writeDelivery(head.delivery)
  const trace = head.traceparent === undefined ? '' : `,"traceparent":${JSON.stringify(head.traceparent)}`
  const front = `{"type":"${message.type}","id":${JSON.stringify(head.id)}${care}${room}`
  const text = `${front},"ts":"${head.time}","data":${writeData(message)}${trace}}`
  refuseLarge(text, message.type, maxBytes)
  return text
}

/** Writes what time it is as ISO 8601. All but the milliseconds is written once a second. */
export function createStamps(clock: Pick<Clock, 'now'>): () => string {
  let second = Number.NaN
  let front = ''
  return () => {
    const now = Math.floor(clock.now())
    const ms = now % 1_000
    if (now - ms !== second) {
      second = now - ms
      front = new Date(second).toISOString().slice(0, -4)
    }
    return `${front}${String(1_000 + ms).slice(1)}Z`
  }
}

/** The text as clients get it: `seq` and `epoch` take the place of the closing brace. */
export function placed(text: string, position: Position): string {
  return `${text.slice(0, -1)},"seq":${position.seq},"epoch":"${position.epoch}"}`
}

/** Marks a text that reaches the members of this node only, as the broker is away. */
export function degraded(text: string): string {
  return `${text.slice(0, -1)},"degraded":true}`
}

/** The id of a text that `writeEnvelope` wrote. */
export function idOf(text: string): string | undefined {
  return unescaped(start.exec(text)?.[2])
}

const start =
  /^\{"type":"([^"]*)"(?:,"id":"((?:[^"\\]|\\.)*)")?(?:,"delivery":"(volatile|latest)")?(?:,"key":"([^"]*)")?/

function unescaped(id: string | undefined): string | undefined {
  return id?.includes('\\') ? JSON.parse(`"${id}"`) : id
}

function writeDelivery({ class: care, key }: Delivery = { class: 'reliable' }): string {
  if (care === 'reliable') return ''
  return `,"delivery":"${care}"${key === undefined ? '' : `,"key":"${key}"`}`
}

/** Addresses a text to one connection of the node that gets it. */
export function addressed(connection: string, text: string): string {
  return `{"to":"${connection}",${text.slice(1)}`
}

/** A text for one connection. */
export interface Addressed {
  readonly connection: string
  readonly text: string
}

/** Takes apart what `addressed` made. */
export function unaddressed(text: string): Addressed {
  const end = text.indexOf('"', addressStart)
  return { connection: text.slice(addressStart, end), text: `{${text.slice(end + 2)}` }
}

const addressStart = '{"to":"'.length

/** Marks a text that its node has delivered itself, so that the node knows it again when the broker sends it back. */
export function relayed(text: string, node: string): string {
  return `${relayStart}${node}",${text.slice(1)}`
}

/** Takes off what `relayed` put on. @returns `undefined` for a text that this `node` has delivered. */
export function unrelayed(text: string, node: string): string | undefined {
  if (!text.startsWith(relayStart)) return text
  const end = text.indexOf('"', relayStart.length)
  return text.slice(relayStart.length, end) === node ? undefined : `{${text.slice(end + 2)}`
}

const relayStart = '{"via":"'

/** Where a message is from. */
export interface Origin {
  readonly room: string
  /** Absent for a message that is not kept. */
  readonly position?: Position
}

/** A text on its way to many sockets, framed once for each kind of transport. */
export class Outbound {
  readonly text: string
  readonly origin: Origin | undefined
  #start: RegExpExecArray | null | undefined
  #transport: SocketTransport | undefined
  #frame: Frame | undefined
  #others: Map<SocketTransport, Frame> | undefined

  constructor(text: string, origin?: Origin) {
    this.text = text
    this.origin = origin
  }

  get type(): string {
    return this.#read()?.[1] ?? ''
  }

  get delivery(): Delivery {
    const [, , , care, key] = this.#read() ?? []
    return care === undefined ? reliable : { class: care as DeliveryClass, ...(key !== undefined && { key }) }
  }

  /** Most messages are delivered without a look into them. */
  #read(): RegExpExecArray | null {
    if (this.#start === undefined) this.#start = start.exec(this.text)
    return this.#start
  }

  frame(transport: SocketTransport): Frame {
    if (this.#frame !== undefined && this.#transport === transport) return this.#frame
    if (this.#frame === undefined) {
      this.#transport = transport
      this.#frame = transport.prepare(this.text)
      return this.#frame
    }
    this.#others ??= new Map()
    const frame = this.#others.get(transport) ?? transport.prepare(this.text)
    this.#others.set(transport, frame)
    return frame
  }
}

/** A message of a room's log on its way to many sockets. */
export function placedOutbound(text: string, room: string, position: Position): Outbound {
  return new Outbound(placed(text, position), { room, position })
}

const reliable: Delivery = { class: 'reliable' }

function writeData({ type, data }: Message): string {
  const unfit = findUnfit(data, [])
  if (unfit !== undefined) {
    throw new TriportError('ERR_MESSAGE_INVALID', `data of ${type} holds ${unfit}. Messages carry what JSON can.`)
  }
  return JSON.stringify(data) ?? 'null'
}

/** The first thing that JSON would lose or refuse, and where it is. Properties that are undefined are left out, as usual. */
function findUnfit(value: unknown, path: (string | number)[]): string | undefined {
  if (isSimple(value)) return undefined
  if (typeof value === 'number') return `${value}${at(path)}`
  if (typeof value !== 'object' || value === null) return `a ${typeof value}${at(path)}`
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined
  if (path.length >= maxDepth) return `a cycle, or more than ${maxDepth} levels,${at(path)}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return `an instance of ${value.constructor?.name || 'a class'}${at(path)}`
  }
  const items = value as Readonly<Record<number | string, unknown>>
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const item = items[key]
    if (isSimple(item)) continue
    path.push(key)
    const found = findUnfit(item, path)
    if (found !== undefined) return found
    path.pop()
  }
  return undefined
}

function isSimple(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' || typeof value === 'boolean' || value === undefined || value === null
}

const maxDepth = 64

function at(path: readonly (string | number)[]): string {
  const steps = path.slice(0, 8).map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
  return steps.length === 0 ? '' : ` at ${steps.join('')}`
}

function refuseLarge(text: string, type: string, maxBytes: number): void {
  if (text.length * 3 <= maxBytes) return
  const size = new TextEncoder().encode(text).length
  if (size <= maxBytes) return
  throw new TriportError(
    'ERR_MESSAGE_TOO_LARGE',
    `A ${type} message is ${size} bytes long, more than the limit of ${maxBytes}. Send a reference, or split it.`,
    { details: { size, maxBytes } },
  )
}
