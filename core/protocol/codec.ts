import type { ClientOp, PingOp, ProtocolErrorCode, PublishOp, ServerFrame } from './frames.js'

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
 * `{"type":"PING"}` is the ping of clients without operations; any other `{"type", "data"}` without `op` is a publish.
 */
export function parseOp(text: string, maxLength: number): ParsedOp {
  if (text.length > maxLength) return refused('payload_too_large', `The message is longer than ${maxLength} bytes.`)
  const fields = parseFields(text)
  if (typeof fields === 'string') return refused('bad_request', fields)
  const ref = isText(fields.ref, 64) ? fields.ref : undefined
  const name = fields.op ?? (fields.type === 'PING' ? 'ping' : 'publish')
  const read = typeof name === 'string' ? readers.get(name) : undefined
  if (read === undefined) {
    return refused('unknown_op', `Unknown op ${quoted(name)}. Known: ${[...readers.keys()].join(', ')}.`, ref)
  }
  const op = read(fields, ref)
  return typeof op === 'string' ? refused('bad_request', op, ref) : { ok: true, op }
}

/** Writes a frame as the text that leaves. */
export function formatFrame(frame: ServerFrame): string {
  return JSON.stringify(frame)
}

/** Returns an operation, or what is wrong with its fields. A new operation is one more entry. */
const readers: ReadonlyMap<string, (fields: Fields, ref: string | undefined) => ClientOp | string> = new Map<
  string,
  (fields: Fields, ref: string | undefined) => ClientOp | string
>([
  ['ping', readPing],
  ['publish', readPublish],
])

function readPing(fields: Fields, ref: string | undefined): PingOp {
  return { op: 'ping', ...(typeof fields.ts === 'number' && { ts: fields.ts }), ...(ref !== undefined && { ref }) }
}

function readPublish(fields: Fields, ref: string | undefined): PublishOp | string {
  const { type, room, id, traceparent, data = null } = fields
  if (!isText(type, 64)) return 'A message needs a type: a text of at most 64 characters.'
  if (room !== undefined && !isText(room, 255)) return 'room must be a text of at most 255 characters.'
  if (id !== undefined && !isText(id, 128)) return 'id must be a text of at most 128 characters.'
  return {
    op: 'publish',
    type,
    data,
    ...(room !== undefined && { room }),
    ...(id !== undefined && { id }),
    ...(isText(traceparent, 64) && { traceparent }),
    ...(ref !== undefined && { ref }),
  }
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
