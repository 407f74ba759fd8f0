import type { LogPage, Position } from '../ports/rooms.js'
import type { ControlFrame } from '../protocol/frames.js'
import { Outbound, placed } from './envelope.js'
import { covered } from './position.js'
import type { Room, RoomMember } from './room.js'

/** How much of a room's history a new member gets: its newest message, that many of them, or nothing. */
export type Replay = 'latest' | 'none' | number

/** A connection, as far as its rooms are concerned. */
export interface Joiner {
  /** Wants messages of certain types only. */
  readonly selective: boolean
  wants(message: Outbound): boolean
  deliver(message: Outbound): void
  control(frame: ControlFrame): void
  /** More arrived than can be held back for it. */
  overrun(): void
}

interface Held {
  readonly message: Outbound
  readonly position: Position | undefined
}

/**
 * One connection in one room.
 *
 * A member is a late joiner first: what the room delivers is held back until the history has been read, then history, what was
 * held back and what comes live follow each other without a gap and without a repetition.
 */
export class Membership implements RoomMember {
  readonly connection: Joiner
  readonly room: Room
  /** The member left, or never got in. */
  left = false
  /** Settles when the join is complete. */
  joined: Promise<void> | undefined
  /** `undefined` once the member is live. */
  #held: Held[] | undefined = []
  /** Messages up to here were part of the history. */
  #floor: Position | undefined

  constructor(connection: Joiner, room: Room) {
    this.connection = connection
    this.room = room
  }

  get live(): boolean {
    return this.#held === undefined
  }

  /** Takes what the room delivers. */
  offer(message: Outbound, position: Position | undefined): void {
    if (this.#held === undefined) this.#pass(message, position)
    else if (this.#held.length < maxHeld) this.#held.push({ message, position })
    else this.connection.overrun()
  }

  /** Sends what the member missed and lets it take part. `page`: the end of the room's log, read after it began to hold back. */
  open(page: LogPage | undefined, replay: Replay): void {
    const held = page === undefined ? [] : (this.#held ?? [])
    this.#held = undefined
    const at = page === undefined ? this.room.position : { epoch: page.epoch, seq: page.head }
    const history = page === undefined ? [] : this.#wanted(page, replay === 'latest' ? 1 : Number(replay))
    for (const message of history) this.connection.deliver(message)
    this.connection.control({
      type: 'SUBSCRIBED',
      room: this.room.name,
      epoch: at?.epoch ?? '',
      seq: at?.seq ?? 0,
      recovered: false,
      replayed: history.length,
    })
    if (page !== undefined) this.#floor = at
    for (const { message, position } of held) this.#pass(message, position)
  }

  /** A slow broker may deliver what the log showed already: the floor stops it, until the first message above it. */
  #pass(message: Outbound, position: Position | undefined): void {
    if (this.#floor !== undefined && position !== undefined) {
      if (covered(position, this.#floor)) return
      this.#floor = undefined
    }
    this.connection.deliver(message)
  }

  #wanted(page: LogPage, count: number): Outbound[] {
    if (count === 0) return []
    return page.entries
      .map(({ seq, text }) => new Outbound(placed(text, { epoch: page.epoch, seq })))
      .filter((message) => this.connection.wants(message))
      .slice(-count)
  }
}

/** Messages that may arrive while the history is being read. */
const maxHeld = 1_000
