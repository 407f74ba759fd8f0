import type { Clock } from './clock.js'
import { sha256 } from './sha256.js'

/** Makes identifiers. */
export interface Ids {
  /** A UUID of version 7 (RFC 9562): sorts by the time at which it was made. */
  next(): string
}

/** All of ids but their time is made so many at a time: what costs little by the dozen costs much in a process that has just woken. */
const batch = 128

export function createIds(clock: Pick<Clock, 'now'>): Ids {
  const bytes = new Uint8Array(16 * batch)
  let tails: string[] = []
  let used = 0
  /** The first 32 bits of the time, which hold for a minute, and what is written for them. */
  let high = Number.NaN
  let head = ''

  function refill(): void {
    crypto.getRandomValues(bytes)
    tails = Array.from({ length: batch }, (_, at) => uuid(bytes.subarray(16 * at, 16 * at + 16), 7).slice(timeLength))
    used = 0
  }

  return {
    next() {
      if (used === tails.length) refill()
      const now = Math.floor(clock.now())
      const low = now % 65_536
      if (now - low !== high) {
        high = now - low
        head = `${(high / 65_536).toString(16).padStart(8, '0')}-`
      }
      return `${head}${hex[low >> 8]}${hex[low & 255]}${tails[used++]}`
    },
  }
}

/** Characters of an id that say when it was made. */
const timeLength = 13

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
