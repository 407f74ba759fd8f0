import type { Clock } from './clock.js'
import { sha256 } from './sha256.js'

/** Makes identifiers. */
export interface Ids {
  /** A UUID of version 7 (RFC 9562): sorts by the time at which it was made. */
  next(): string
}

/** Random bytes are drawn from the system this many at a time. */
const poolSize = 4_096
/** Hexadecimal digits of which an id is made, beside its time. */
const digits = 20

export function createIds(clock: Pick<Clock, 'now'>): Ids {
  const bytes = new Uint8Array(poolSize)
  let pool = ''
  let used = 0
  let madeAt = Number.NaN
  let time = ''
  return {
    next() {
      if (used + digits > pool.length) {
        pool = Array.from(crypto.getRandomValues(bytes), (byte) => hex[byte]).join('')
        used = 0
      }
      const now = clock.now()
      if (now !== madeAt) {
        const text = Math.floor(now).toString(16).padStart(12, '0')
        time = `${text.slice(0, 8)}-${text.slice(8)}`
        madeAt = now
      }
      const random = pool.slice(used, used + digits)
      used += digits
      return `${time}-7${random.slice(1, 4)}-${variants[Number.parseInt(random.charAt(4), 16) & 3]}${random.slice(5, 8)}-${random.slice(8)}`
    },
  }
}

/**
 * The UUID of version 8 that belongs to a caller's `key` in a queue: the first 16 bytes of SHA-256 over queue, NUL and key.
 * The same key in another queue is another id.
 */
export function derivedId(queue: string, key: string): string {
  return uuid(sha256(`${queue}\0${key}`).subarray(0, 16), 8)
}

/** When a UUID of version 7 was made, in milliseconds since the epoch; `undefined` for anything else. */
export function uuidTime(id: string): number | undefined {
  if (!/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id)) return undefined
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The digit that says that a UUID is one of RFC 9562. */
const variants = '89ab'

function uuid(bytes: Uint8Array, version: number): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4)
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += hex[bytes[i] ?? 0]
  }
  return text
}
