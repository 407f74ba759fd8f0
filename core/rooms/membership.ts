import { TriportError } from '../errors.js'
import type { Head, LogPage, LogRange, Position } from '../ports/rooms.js'
import { formatFrame } from '../protocol/codec.js'
import type { ControlFrame, PresenceView } from '../protocol/frames.js'
import { reservedTypes } from '../protocol/frames.js'
import { idOf, Outbound, placedOutbound } from './envelope.js'
import { covered, recovery } from './position.js'
import type { Room, RoomMember } from './room.js'

/** How much of a room's history a new member gets: its newest message, that many of them, or nothing. */
export type Replay = 'latest' | 'none' | number

/** How somebody wants to be in a room. */
export interface JoinOptions {
  /** How much of the history it gets. @default 'latest' */
  readonly replay?: Replay
  /** The position up to which it has the room already: it gets what came since, or RESET and the newest message. Replaces `replay`. */
  readonly since?: Position
  /** The only message types that it wants. @default all */
  readonly types?: readonly string[]
  /** Comes back in SUBSCRIBED. */
  readonly ref?: string
}

/** A connection, as far as its rooms are concerned. */
export interface Joiner {
  deliver(message: Outbound): void
  control(frame: ControlFrame): void
}

interface Held {
  readonly message: Outbound
  readonly position: Position | undefined
}

/** What a member gets before it hears the room live. */
interface Start {
  /** The end of the log that it has now. */
  readonly at: Head
  readonly history: readonly Outbound[]
  readonly recovered: boolean
  /** Says before the history that something is missing. */
  readonly reset?: Outbound
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
  readonly options: JoinOptions
  /** The member left, or never got in. */
  left = false
  /** Settles when the join is complete. */
  joined: Promise<void> | undefined
  #types: ReadonlySet<string> | undefined
  /** `undefined` once the member is live. */
  #held: Held[] | undefined = []
  #heldLength = 0
  /** More arrived than can be held back. */
  #overrun = false
  /** Messages up to here were part of the history. */
  #floor: Position | undefined

  constructor(connection: Joiner, room: Room, options: JoinOptions) {
    this.connection = connection
    this.room = room
    this.options = options
    this.narrow(options.types)
  }

  get live(): boolean {
    return this.#held === undefined
  }

  /** From now on it gets messages of these types only. */
  narrow(types: readonly string[] | undefined): void {
    this.#types = types && new Set(types)
  }

  /** Takes what the room delivers. */
  offer(message: Outbound, position: Position | undefined): void {
    if (this.#held === undefined) this.#pass(message, position)
    else if (!this.#overrun && !this.#has(position)) this.#hold(this.#held, { message, position })
  }

  /** Whether its history has what is at a position. */
  #has(position: Position | undefined): boolean {
    return position !== undefined && this.#floor !== undefined && covered(position, this.#floor)
  }

  #hold(held: Held[], each: Held): void {
    this.#overrun = held.length >= maxHeld || this.#heldLength > maxHeldLength
    if (this.#overrun) held.length = 0
    else held.push(each)
    this.#heldLength += each.message.text.length
  }

  /**
   * Sends what the member missed and lets it take part. To be called when the room is live.
   *
   * @throws `ERR_ROOM_BUSY` when more arrived meanwhile than can be held back, or the log changed again and again.
   */
  async open(
    read: (range: LogRange) => Promise<LogPage>,
    present: () => Promise<PresenceView | undefined>,
  ): Promise<void> {
    const start = await this.#start(read)
    const presence = await present()
    if (this.left) return
    if (this.#overrun) throw busy(this.room.name)
    const { at, history, recovered, reset } = start ?? { at: this.room.position, history: [], recovered: false }
    const held = this.#held ?? []
    this.#held = undefined
    this.#floor = at
    if (reset) this.connection.deliver(reset)
    for (const message of history) this.connection.deliver(message)
    this.#subscribed({ at, recovered, replayed: history.length, presence })
    for (const { message, position } of held) this.#pass(message, position)
  }

  /** Tells again that it is subscribed. */
  confirm(ref: string | undefined): void {
    this.#subscribed({ at: this.room.position, recovered: false, replayed: 0, presence: undefined }, ref)
  }

  #subscribed({ at, recovered, replayed, presence }: Subscribed, ref = this.options.ref): void {
    this.connection.control({
      type: 'SUBSCRIBED',
      room: this.room.name,
      epoch: at?.epoch ?? '',
      seq: at?.seq ?? 0,
      recovered,
      replayed,
      ...(presence && { presence }),
      ...(ref !== undefined && { ref }),
    })
  }

  /** The room must have come as far as the history, or it would not notice that what only the history has is lost. */
  async #start(read: (range: LogRange) => Promise<LogPage>): Promise<Start | undefined> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const doubt = this.room.asking()
      const start = await this.#missed(read)
      if (!start || !doubt) return start
      this.#floor = start.at
      await this.room.check(doubt, start.at)
      if (this.left) return undefined
      if (!this.room.reached(doubt, start.at)) continue
      // The logs that the room went through on its way are none of this member's.
      this.#held = this.#held?.filter(({ position }) => !position || position.epoch === start.at.epoch)
      return start
    }
    throw busy(this.room.name)
  }

  async #missed(read: (range: LogRange) => Promise<LogPage>): Promise<Start | undefined> {
    const { since, replay = 'latest' } = this.options
    if (since) return await this.#resumed(since, read)
    const count = replay === 'latest' ? 1 : replay === 'none' ? 0 : replay
    return count === 0 ? undefined : await this.#newest(count, read)
  }

  async #resumed(since: Position, read: (range: LogRange) => Promise<LogPage>): Promise<Start> {
    const page = await read({ after: since.seq, limit: longestResume })
    const reason = recovery(since, page)
    if (reason === 'complete') return { at: headOf(page), history: this.#wanted(page), recovered: true }
    const start = await this.#newest(1, read)
    const { epoch, seq } = start.at
    const frame = formatFrame({ type: 'RESET', room: this.room.name, reason, epoch, seq })
    return { ...start, reset: new Outbound(frame) }
  }

  async #newest(count: number, read: (range: LogRange) => Promise<LogPage>): Promise<Start> {
    // A member that wants certain types only gets the newest of those, so more must be looked at.
    const page = await read({ newest: this.#types ? Math.max(count, lookBack) : count })
    return { at: headOf(page), history: this.#wanted(page).slice(-count), recovered: false }
  }

  /**
   * What the history has may still be on its way from the room: the floor stops it, until the first message above it. It stops messages of
   * an epoch that has ended too.
   */
  #pass(message: Outbound, position: Position | undefined): void {
    const floor = this.#floor
    if (floor === undefined || position === undefined) return void this.#give(message)
    const sameLog = position.epoch === floor.epoch
    if (covered(position, floor) || (!sameLog && message.type !== 'RESET')) return
    this.#floor = undefined
    if (sameLog && message.type === 'GAP') return void this.#give(this.#gapAbove(floor, position.seq))
    this.#give(message)
  }

  #give(message: Outbound): void {
    if (this.#wants(message)) this.connection.deliver(message)
  }

  /** The room's hole may begin below what the history has filled. */
  #gapAbove(floor: Position, to: number): Outbound {
    const room = this.room.name
    return new Outbound(formatFrame({ type: 'GAP', room, from: floor.seq + 1, to, reason: 'trimmed' }), { room })
  }

  #wants(message: Outbound): boolean {
    return this.#types === undefined || this.#types.has(message.type) || reservedTypes.has(message.type)
  }

  #wanted({ epoch, entries }: LogPage): Outbound[] {
    return entries
      .map(({ seq, text }) => placedOutbound(text, this.room.name, { epoch, seq }))
      .filter((message) => this.#wants(message))
  }
}

interface Subscribed {
  readonly at: Position | undefined
  readonly recovered: boolean
  readonly replayed: number
  readonly presence: PresenceView | undefined
}

function headOf({ epoch, head, entries }: LogPage): Head {
  const last = entries.at(-1)
  const id = last?.seq === head ? idOf(last.text) : undefined
  return { epoch, seq: head, ...(id !== undefined && { id }) }
}

function busy(room: string): TriportError {
  const message = `Room ${room} changed faster than somebody could join it. Join it again later.`
  return new TriportError('ERR_ROOM_BUSY', message, { details: { room } })
}

/** What may arrive while the history is being read: messages, and characters of them before the last. */
const maxHeld = 1_000
const maxHeldLength = 1_048_576
const lookBack = 100
/** How often the history is read when the broker is lost or the log is another one meanwhile. */
const attempts = 3
/** Messages that a client may catch up with. One that missed more is better served with the newest state. */
const longestResume = 300
