/** What the rooms of one process accept before they refuse. */
export interface RoomsLimits {
  /** Bytes of one message from a client. A longer one closes its connection with 1009. @default 65536 */
  readonly maxPayload: number
  /** Open connections of one process and of one server; the next upgrade is refused with 503. @default 10000 */
  readonly maxConnections: number
  /** Rooms that one connection may be in at a time. @default 128 */
  readonly maxRoomsPerConnection: number
  /** Messages that one connection may send, on average; three times as many at once. @default 20 */
  readonly messagesPerSecond: number
  /** Bytes of one published message with its envelope; publishing a longer one fails with `ERR_MESSAGE_TOO_LARGE`. @default 1048576 */
  readonly maxMessage: number
  /**
   * Bytes that may wait for a client before it counts as slow: of messages of delivery `latest` it then gets the newest only, of `volatile`
   * ones none. @default 65536
   */
  readonly softBuffered: number
  /** Bytes that may wait for a client that reads slowly. One that is owed more is closed with 4503 and may connect anew. @default 1048576 */
  readonly maxBuffered: number
}

export const defaultLimits: RoomsLimits = {
  maxPayload: 65_536,
  maxConnections: 10_000,
  maxRoomsPerConnection: 128,
  messagesPerSecond: 20,
  maxMessage: 1_048_576,
  softBuffered: 65_536,
  maxBuffered: 1_048_576,
}

/** What a connection still has to its credit. A token is one message. */
export interface Bucket {
  tokens: number
  /** Monotonic milliseconds of the last refill. */
  filledAt: number
}

export function fullBucket(rate: number, now: number): Bucket {
  return { tokens: rate * burst, filledAt: now }
}

/** Takes a token. Returns 0, or the milliseconds after which there is one. */
export function take(bucket: Bucket, rate: number, now: number): number {
  bucket.tokens = Math.min(rate * burst, bucket.tokens + ((now - bucket.filledAt) / 1_000) * rate)
  bucket.filledAt = now
  if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / rate) * 1_000)
  bucket.tokens -= 1
  return 0
}

const burst = 3

/** Offences of one kind. Those older than the window are forgotten. */
export interface Strikes {
  count: number
  /** Monotonic milliseconds of the first one in the window. */
  since: number
}

/** Counts an offence. True when it is one too many. */
export function strike(strikes: Strikes, now: number): boolean {
  if (strikes.count === 0 || now - strikes.since > strikeWindow) {
    strikes.count = 0
    strikes.since = now
  }
  strikes.count += 1
  return strikes.count >= maxStrikes
}

const maxStrikes = 3
const strikeWindow = 10_000
