import type {
  AuthOp,
  ClientOp,
  ClientPosition,
  PingOp,
  ProtocolErrorCode,
  PublishOp,
  ResumeOp,
  ServerFrame,
  SubscribeOp,
  UnsubscribeOp,
} from './frames.js'

/** What became of a client's text: an operation, or what to answer. */
export type ParsedOp =
  | { readonly ok: true; readonly op: ClientOp }
  | {
      readonly ok: false
      /** `bad_request` is a broken client; an `unknown_op` may be a newer one. */
      readonly code: Extract<ProtocolErrorCode, 'bad_request' | 'unknown_op' | 'payload_too_large'>
      readonly message: string
      readonly ref?: string
    }

type Fields = Readonly<Record<string, unknown>>

/** Deeper JSON is refused, so that nobody who walks the data later runs out of stack. */
const maxDepth = 32

/**
 * Reads one text of a client. Never throws. Unknown fields are ignored, keys named `__proto__` are dropped.
 *
 * Without an `op`, `{"type":"PING"}` and the names of the other operations in capitals stand for them, and any other `{"type", "data"}` is a
 * publish.
 */
export function parseOp(text: string, maxLength: number): ParsedOp {
  if (text.length > maxLength) return refused('payload_too_large', `The message is longer than ${maxLength} bytes.`)
  const fields = parseFields(text)
  if (typeof fields === 'string') return refused('bad_request', fields)
  const ref = isText(fields.ref, 64) ? fields.ref : undefined
  const name = fields.op ?? spelledAsType(fields.type) ?? 'publish'
  const read = typeof name === 'string' ? readers.get(name) : undefined
  if (read === undefined) {
    return refused('unknown_op', `Unknown op ${quoted(name)}. Known: ${[...readers.keys()].join(', ')}.`, ref)
  }
  const op = read(fields)
  if (typeof op === 'string') return refused('bad_request', op, ref)
  return { ok: true, op: ref === undefined || op.op === 'pong' ? op : { ...op, ref } }
}

/** A position as it is written in an address: `k3f9:41`. `undefined` for anything else. */
export function parsePosition(text: string): ClientPosition | undefined {
  const [, epoch = '', seq] = /^([\w-]{1,64}):(\d{1,15})$/.exec(text) ?? []
  return seq === undefined ? undefined : { epoch, seq: Number(seq) }
}

/** Writes a frame as the text that leaves. */
export function formatFrame(frame: ServerFrame): string {
  return JSON.stringify(frame)
}

/** Returns an operation, or what is wrong with its fields. A new operation is one more entry. */
const readers: ReadonlyMap<string, (fields: Fields) => ClientOp | string> = new Map<
  string,
  (fields: Fields) => ClientOp | string
>([
  ['subscribe', readSubscribe],
  ['unsubscribe', readUnsubscribe],
  ['resume', readResume],
  ['publish', readPublish],
  ['auth', readAuth],
  ['ping', readPing],
  ['pong', () => ({ op: 'pong' })],
])

function spelledAsType(type: unknown): string | undefined {
  if (typeof type !== 'string' || type !== type.toUpperCase()) return undefined
  const name = type.toLowerCase()
  return readers.has(name) ? name : undefined
}

function readPing({ ts }: Fields): PingOp {
  return { op: 'ping', ...(typeof ts === 'number' && { ts }) }
}

function readSubscribe({ room, replay, since, types }: Fields): SubscribeOp | string {
  if (!isText(room, longestRoom)) return noRoom
  if (replay !== undefined && !isReplay(replay)) return 'replay must be "latest", "none" or a number of messages.'
  if (since !== undefined && !isPosition(since)) return noPosition
  if (types !== undefined && !isTypes(types)) return 'types must be an array of at most 32 message types.'
  return {
    op: 'subscribe',
    room,
    ...(replay !== undefined && { replay }),
    ...(since !== undefined && { since: { epoch: since.epoch, seq: since.seq } }),
    ...(types !== undefined && { types }),
  }
}

function readUnsubscribe({ room }: Fields): UnsubscribeOp | string {
  return isText(room, longestRoom) ? { op: 'unsubscribe', room } : noRoom
}

function readResume({ rooms }: Fields): ResumeOp | string {
  if (typeof rooms !== 'object' || rooms === null || Array.isArray(rooms))
    return 'rooms must be an object of positions.'
  const positions = new Map<string, ClientPosition>()
  for (const [room, position] of Object.entries(rooms)) {
    if (!isPosition(position)) return noPosition
    positions.set(room, { epoch: position.epoch, seq: position.seq })
  }
  return { op: 'resume', rooms: positions }
}

function readAuth({ token }: Fields): AuthOp | string {
  return typeof token === 'string' && token !== '' ? { op: 'auth', token } : 'auth needs a token.'
}

function readPublish({ type, room, id, traceparent, data = null }: Fields): PublishOp | string {
  if (!isText(type, 64)) return 'A message needs a type: a text of at most 64 characters.'
  if (room !== undefined && !isText(room, longestRoom)) return noRoom
  if (id !== undefined && !isText(id, 128)) return 'id must be a text of at most 128 characters.'
  return {
    op: 'publish',
    type,
    data,
    ...(room !== undefined && { room }),
    ...(id !== undefined && { id }),
    ...(isText(traceparent, 64) && { traceparent }),
  }
}

const longestRoom = 255
const noRoom = `room must be a text of at most ${longestRoom} characters.`
const noPosition = 'A position is { epoch, seq } as the last message or SUBSCRIBED had them.'

function isReplay(value: unknown): value is 'latest' | 'none' | number {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value <= 1_000_000
  return value === 'latest' || value === 'none'
}

function isPosition(value: unknown): value is ClientPosition {
  const { epoch, seq } = (value ?? {}) as Partial<Record<keyof ClientPosition, unknown>>
  return isText(epoch, 64) && Number.isSafeInteger(seq) && Number(seq) >= 0
}

function isTypes(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= 32 && value.every((type) => isText(type, 64))
}

function parseFields(text: string): Fields | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'The message is not JSON.' // The parser's own words would echo what the client sent.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'The message is not a JSON object.'
  return disarm(value, maxDepth) ? (value as Fields) : `The message is nested deeper than ${maxDepth} levels.`
}

/** Drops `__proto__` keys in place: harmless here, not in the hands of whoever merges the data. False when too deep. */
function disarm(value: object, depth: number): boolean {
  if (depth === 0) return false
  if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__')
  for (const item of Object.values(value)) {
    if (typeof item === 'object' && item !== null && !disarm(item, depth - 1)) return false
  }
  return true
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest
}

function quoted(value: unknown): string {
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 40) : typeof value)
}

function refused(
  code: Extract<ProtocolErrorCode, 'bad_request' | 'unknown_op' | 'payload_too_large'>,
  message: string,
  ref?: string,
): ParsedOp {
  return { ok: false, code, message, ...(ref !== undefined && { ref }) }
}
