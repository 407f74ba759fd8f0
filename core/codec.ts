import { errorFrom, isTriportError, recognise, TriportError } from './errors.js'

/**
 * Turns values into text and back, the same way for every driver.
 *
 * The text is JSON. What JSON has no form for is written as an object with the single key `$triport`:
 * `{ "$triport": ["Date", "2026-01-01T00:00:00.000Z"] }`. Carried are strings, finite and non-finite numbers, -0, booleans,
 * null, undefined, bigint, plain objects, arrays, Date, Map, Set, Uint8Array and Error. Everything else is refused by path;
 * symbol keys are left out.
 */
const tag = '$triport'

/** Options of `encode`. */
export interface EncodeOptions {
  /** Names the value in errors: `Input of task "process_workflow"`. */
  readonly what: string
  /** The most bytes of UTF-8 that the text may have. */
  readonly maxBytes?: number
}

/**
 * @throws `ERR_VALUE_UNSUPPORTED` with `details.path` for what cannot be carried; `ERR_PAYLOAD_TOO_LARGE` over `maxBytes`.
 */
export function encode(value: unknown, options: EncodeOptions): string {
  const text = stringify(value, options.what)
  if (options.maxBytes !== undefined && text.length * 3 > options.maxBytes)
    refuseLarge(text, options.what, options.maxBytes)
  return text
}

/**
 * @throws `ERR_VALUE_MALFORMED` when the text was not written by `encode`.
 */
export function decode(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return text.includes(tag) ? unpack(value) : value
  } catch (cause) {
    if (isTriportError(cause)) throw cause
    throw malformed(`${text.slice(0, 80)}`, cause)
  }
}

/** Encodes anything that was thrown. Never throws: what cannot be carried is left out. */
export function encodeError(error: unknown): string {
  const value = errorFrom(error)
  try {
    return encode(value, { what: 'Error' })
  } catch {
    // A cause or a property that cannot be carried must not hide the error itself.
    return encode(bareError(value), { what: 'Error' })
  }
}

/** Decodes what `encodeError` wrote. A text that is no error becomes one that says so. */
export function decodeError(text: string): Error {
  const value = decode(text)
  return value instanceof Error ? value : new Error(String(value))
}

function stringify(value: unknown, what: string): string {
  try {
    return JSON.stringify(pack(value, { what, path: [], above: [] }))
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const message = `${what} is nested too deeply, or too long for one text. Store it elsewhere and pass a reference to it.`
    throw new TriportError('ERR_VALUE_UNSUPPORTED', message, { cause })
  }
}

interface Place {
  readonly what: string
  readonly path: (string | number)[]
  /** The objects that hold this one, to find cycles. */
  readonly above: object[]
}

function pack(value: unknown, place: Place): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged('Number', Object.is(value, -0) ? '-0' : String(value))
    case 'bigint':
      return tagged('BigInt', String(value))
    case 'undefined':
      return tagged('undefined', null)
    case 'object':
      return value === null ? null : packObject(value, place)
    default:
      throw unsupported(`a ${typeof value}`, place)
  }
}

function packObject(value: object, place: Place): unknown {
  if (place.above.includes(value)) throw unsupported('a reference to an object that holds it', place)
  place.above.push(value)
  const packed = packByKind(value, place)
  place.above.pop()
  return packed
}

function packByKind(value: object, place: Place): unknown {
  if (Array.isArray(value)) return packArray(value, place)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return packPlain(value as Record<string, unknown>, place)
  if (value instanceof Date) return tagged('Date', Number.isNaN(value.getTime()) ? null : value.toISOString())
  if (value instanceof Map)
    return tagged(
      'Map',
      Array.from(value, (entry, index) => packAt(entry, index, place)),
    )
  if (value instanceof Set)
    return tagged(
      'Set',
      Array.from(value, (item, index) => packAt(item, index, place)),
    )
  if (value instanceof Uint8Array) return tagged('Bytes', base64(value))
  if (value instanceof Error) return tagged('Error', packError(value, place))
  throw unsupported(`an instance of ${value.constructor?.name || 'a class'}`, place)
}

/** Copies only from the first item on that JSON has no form for: most values are written as they are. */
function packArray(value: readonly unknown[], place: Place): unknown {
  let copy: unknown[] | undefined
  for (let index = 0; index < value.length; index++) {
    const packed = packAt(value[index], index, place)
    if (packed !== value[index]) copy ??= [...value]
    if (copy) copy[index] = packed
  }
  return copy ?? value
}

function packPlain(value: Record<string, unknown>, place: Place): unknown {
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(value)) {
    const packed = packAt(value[key], key, place)
    if (packed !== value[key]) copy ??= { ...value }
    if (copy) define(copy, key, packed)
  }
  // A caller's own object that looks like a tagged value is wrapped, so that it comes back as it was.
  return Object.hasOwn(value, tag) ? tagged('Object', Object.entries(copy ?? value)) : (copy ?? value)
}

function packAt(value: unknown, key: string | number, place: Place): unknown {
  place.path.push(key)
  const packed = pack(value, place)
  place.path.pop()
  return packed
}

function packError(error: Error, place: Place): unknown {
  const { name, message, stack } = error
  const own = Object.fromEntries(
    Object.entries(error).filter(([key]) => key !== 'name' && key !== 'message' && key !== 'stack'),
  )
  const cause = error.cause === undefined ? {} : { cause: packAt(error.cause, 'cause', place) }
  return { name, message, ...(stack === undefined ? {} : { stack }), ...cause, own: packPlain(own, place) }
}

function unpack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unpack)
  const tagValue = (value as Record<string, unknown>)[tag]
  if (tagValue !== undefined) return unpackTagged(tagValue)
  return unpackEntries(Object.entries(value))
}

function unpackEntries(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [key, item] of entries) define(copy, key, unpack(item))
  return copy
}

function unpackTagged(value: unknown): unknown {
  if (!Array.isArray(value)) throw malformed(JSON.stringify(value))
  const [kind, data] = value as [unknown, unknown]
  switch (kind) {
    case 'Number':
      return data === '-0' ? -0 : Number(data)
    case 'BigInt':
      return BigInt(data as string)
    case 'undefined':
      return undefined
    case 'Date':
      return new Date(data === null ? Number.NaN : (data as string))
    case 'Map':
      return new Map((data as unknown[]).map(unpack) as [unknown, unknown][])
    case 'Set':
      return new Set((data as unknown[]).map(unpack))
    case 'Bytes':
      return bytes(data as string)
    case 'Error':
      return unpackError(data as Record<string, unknown>)
    case 'Object':
      return unpackEntries(data as [string, unknown][])
    default:
      throw malformed(JSON.stringify(value))
  }
}

function unpackError(data: Record<string, unknown>): Error {
  const error = new Error(String(data.message), 'cause' in data ? { cause: unpack(data.cause) } : undefined)
  hide(error, 'name', data.name)
  recognise(error)
  if (typeof data.stack === 'string') hide(error, 'stack', data.stack)
  for (const [key, value] of Object.entries(unpack(data.own) as object)) define(error as never, key, value)
  return error
}

function bareError({ name, message, stack }: Error): Error {
  const bare = new Error(message)
  hide(bare, 'name', name)
  hide(bare, 'stack', stack)
  return bare
}

function tagged(kind: string, data: unknown): unknown {
  return { [tag]: [kind, data] }
}

/** Sets a property without meeting the setter of `__proto__`. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}

function hide(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: false, writable: true, configurable: true })
}

function base64(value: Uint8Array): string {
  let text = ''
  for (const byte of value) text += String.fromCharCode(byte)
  return btoa(text)
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

function refuseLarge(text: string, what: string, maxBytes: number): void {
  const size = new TextEncoder().encode(text).length
  if (size <= maxBytes) return
  throw new TriportError(
    'ERR_PAYLOAD_TOO_LARGE',
    `${what} is ${size} bytes long, more than the limit of ${maxBytes}. Store it elsewhere and pass a reference to it.`,
    { details: { size, maxBytes } },
  )
}

function unsupported(found: string, { what, path }: Place): TriportError {
  const where = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  const fact = where === '' ? `${what} is ${found}` : `${what} holds ${found} at ${where}`
  return new TriportError('ERR_VALUE_UNSUPPORTED', `${fact}. Pass plain data instead.`, {
    details: { path: [...path] },
  })
}

function malformed(text: string, cause?: unknown): TriportError {
  return new TriportError('ERR_VALUE_MALFORMED', `Stored text is not what the codec writes: ${text}`, { cause })
}
