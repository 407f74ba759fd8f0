import type { Outbound } from './envelope.js'

/** Messages that a connection could not be given for now. */
interface Kept {
  readonly message: Outbound
  readonly size: number
}

/** What a slow reader was not sent, of one room. */
export interface Skipped {
  readonly room: string
  readonly from: number
  readonly to: number
}

/**
 * What waits for a client that reads slowly: the newest message of each key. It is empty for everybody else.
 *
 * Messages come out in the order in which they went in, so that what is left of a room's log stays in the order of the log.
 */
export class Lag {
  readonly #newest = new Map<string, Kept>()
  readonly #skipped = new Map<string, Skipped>()
  /** Bytes that are kept here. */
  bytes = 0

  get empty(): boolean {
    return this.#newest.size === 0 && this.#skipped.size === 0
  }

  /** Whether it has something of a room. */
  holds(room: string | undefined): boolean {
    for (const { message } of this.#newest.values()) if (message.origin?.room === room) return true
    return room !== undefined && this.#skipped.has(room)
  }

  /** Leaves a message out. */
  drop(message: Outbound): void {
    const { room, position } = message.origin ?? {}
    if (room === undefined || position === undefined) return
    const { seq } = position
    const { from, to } = this.#skipped.get(room) ?? { from: seq, to: seq }
    this.#skipped.set(room, { room, from: Math.min(from, seq), to: Math.max(to, seq) })
  }

  /** Keeps a message instead of the one that has its key. @returns Whether there was one. */
  keep(message: Outbound, size: number): boolean {
    const key = keyOf(message)
    const older = this.#newest.get(key)
    if (older) {
      this.drop(older.message)
      this.#remove(key, older)
    }
    this.#newest.set(key, { message, size })
    this.bytes += size
    return older !== undefined
  }

  /** Takes out what waits: first which messages of the log are missing, then those that are left. With `room`, of that room. */
  take(room?: string): { readonly skipped: readonly Skipped[]; readonly messages: readonly Outbound[] } {
    const ofRoom = (name: string | undefined) => room === undefined || name === room
    const skipped = [...this.#skipped.values()].filter((each) => ofRoom(each.room))
    for (const each of skipped) this.#skipped.delete(each.room)
    const taken = [...this.#newest].filter(([, { message }]) => ofRoom(message.origin?.room))
    for (const [key, kept] of taken) this.#remove(key, kept)
    return { skipped, messages: taken.map(([, { message }]) => message) }
  }

  #remove(key: string, { size }: Kept): void {
    this.#newest.delete(key)
    this.bytes -= size
  }
}

/** Messages of delivery `latest` with the same key replace each other. */
export function keyOf({ type, delivery, origin }: Outbound): string {
  return `${origin?.room ?? ''} ${type} ${delivery.key ?? ''}`
}
