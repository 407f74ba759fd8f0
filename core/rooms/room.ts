import type { Head, LogPage, LogRange, Position, RoomMessage } from '../ports/rooms.js'
import { formatFrame } from '../protocol/codec.js'
import type { Report } from '../report.js'
import { Outbound, placedOutbound } from './envelope.js'
import type { Fanout } from './fanout.js'
import { covered, type Delivered, DeliveredMessage, relation, relationOfPage, step } from './position.js'
import type { Pressure } from './pressure.js'
import type { RelaySpans } from './relay-spans.js'

/** Who hears a room. */
export interface RoomMember {
  /** `message` may be a GAP or a RESET, which stands where `position` is. */
  offer(message: Outbound, position: Position | undefined): void
}

/** What a room needs of its node. */
export interface RoomContext {
  read(room: string, range: LogRange): Promise<LogPage>
  renew(room: string, epoch: string): Promise<Head>
  readonly fanout: Fanout
  readonly pressure: Pressure
  readonly report: Report
  readonly relays: Pick<RelaySpans, 'around'>
}

/** Where a room was when its head was asked for. */
export interface Doubt {
  readonly delivered: Delivered
  readonly count: number
}

/**
 * One room on one node: who is in it, and how far it has been delivered.
 *
 * Messages come from the broker only, the node's own included, and every member hears them in the order of the log. The next position is
 * delivered and an old one dropped. Whenever something else comes, the log is read from the last delivered message on, and it decides:
 *
 * - it goes on: what is missing is delivered, a hole that can no longer be filled is told as GAP;
 * - it has another epoch: the members hear RESET, then what is left of it;
 * - it has lost its end, so that its positions mean something else now: it gets another epoch first.
 */
export class Room {
  readonly name: string
  readonly members = new Set<RoomMember>()
  /** The newest position that was delivered here. */
  position: Delivered | undefined
  /** Settles when the node hears the room; a failed one is replaced by the next member. */
  live: Promise<void> | undefined
  /** Clock time since which it has no members. */
  emptySince = 0
  /** Clock time of its last sign of life. */
  heardAt = 0
  readonly #context: RoomContext
  /** The read that is or was under way, and the one that begins after it. */
  #reading: Promise<void> | undefined
  #following: Promise<void> | undefined
  /** How often the broker was lost, and up to which loss the position has been checked. */
  #doubts = 0
  #cleared = 0

  constructor(name: string, context: RoomContext) {
    this.name = name
    this.#context = context
  }

  /** Takes the head that a subscription began with, unless messages have overtaken it. */
  startAt(head: Head | undefined): void {
    this.position ??= head
  }

  /** The broker may have lost something: from now on the log is believed, not what comes by itself. */
  doubt(): void {
    this.#doubts += 1
  }

  /** To be taken before asking for the head; `undefined` while nothing is known of the room. */
  asking(): Doubt | undefined {
    return this.position && { delivered: this.position, count: this.#doubts }
  }

  /** Compares what was delivered with the broker's head. Resolves when what is missing was read. */
  async check({ delivered, count }: Doubt, head: Head): Promise<void> {
    const comparable = delivered.id === undefined || head.id !== undefined || count === this.#cleared
    if (comparable && relation(delivered, head) === 'same') this.#cleared = Math.max(this.#cleared, count)
    else await this.#catchUp()
  }

  /** Whether it has delivered its log up to a head that was asked for, and the broker was not lost since. */
  reached({ count }: Doubt, head: Head): boolean {
    return count === this.#doubts && this.position !== undefined && covered(head, this.position)
  }

  receive({ position, text }: RoomMessage): void {
    if (position === undefined) {
      if (text !== undefined) this.#relay(text, () => this.#pass(new Outbound(text, { room: this.name })))
      return
    }
    this.position ??= { epoch: position.epoch, seq: position.seq - 1 }
    const sure = this.#cleared === this.#doubts
    switch (step(this.position, { position, hasText: text !== undefined }, sure)) {
      case 'drop':
        return
      case 'deliver':
        // The log keeps it for as long as the members have enough to do with what came before.
        if (this.#context.pressure.busy) void this.#catchUp()
        else this.#next(position, text ?? '')
        return
      case 'read':
        void this.#catchUp()
    }
  }

  #next(position: Position, text: string): void {
    this.position = new DeliveredMessage(position, text)
    if (this.members.size === 0) return
    const message = placedOutbound(text, this.name, position)
    this.#relay(text, () => this.#deliver(message, position))
  }

  #relay(text: string, deliver: () => void): void {
    this.#context.relays.around({ room: this.name, text, recipients: this.members.size }, deliver)
  }

  /** Delivers what is in no log. */
  #pass(message: Outbound): void {
    const { fanout } = this.#context
    const handout = (message: Outbound) => ({
      message,
      members: this.members,
      give: (member: RoomMember) => member.offer(message, undefined),
    })
    if (fanout.offer(handout(message))) return
    const { epoch, seq } = this.position ?? { epoch: '', seq: 0 }
    const frame = formatFrame({ type: 'RESET', room: this.name, reason: 'overload', epoch, seq })
    fanout.once(handout(new Outbound(frame, { room: this.name })))
  }

  #deliver(message: Outbound, position: Position | undefined): void {
    this.#context.fanout.run({ message, members: this.members, give: (member) => member.offer(message, position) })
  }

  /** Reads what is missing. One read at a time: whatever asks for one meanwhile shares the next. */
  #catchUp(): Promise<void> {
    this.#following ??= this.#readAfter(this.#reading)
    return this.#following
  }

  async #readAfter(before: Promise<void> | undefined): Promise<void> {
    await before
    this.#reading = this.#following
    this.#following = undefined
    const { pressure, report } = this.#context
    try {
      do if (pressure.busy) await pressure.relieved()
      while (await this.#readOn())
    } catch (error) {
      // The next message or the next look at the head finds the same hole and reads again.
      report(error, { stage: 'rooms.read' })
    }
  }

  /** True when there is more to read. */
  async #readOn(): Promise<boolean> {
    const asked = this.asking()
    if (asked === undefined) return false
    const { delivered } = asked
    const page = await this.#context.read(this.name, { after: Math.max(0, delivered.seq - 1), limit: pageSize })
    switch (relationOfPage(delivered, page)) {
      case 'regressed':
        return await this.#renewed(delivered.epoch)
      case 'anew':
        this.#reset(page)
        return true
      default:
        return this.#follow(page, asked)
    }
  }

  async #renewed(epoch: string): Promise<boolean> {
    const head = await this.#context.renew(this.name, epoch)
    return head.epoch !== epoch
  }

  #reset({ epoch, head, low }: LogPage): void {
    this.position = { epoch, seq: low - 1 }
    const frame = formatFrame({ type: 'RESET', room: this.name, reason: 'epoch', epoch, seq: head })
    // Who has the log from its oldest entry on needs not be told.
    this.#deliver(new Outbound(frame, { room: this.name }), this.position)
  }

  #follow({ epoch, head, low, entries }: LogPage, { delivered, count }: Doubt): boolean {
    const before = this.position?.seq ?? 0
    // After an outage, what was delivered last may have been lost and replaced: when it is no longer kept, nobody can tell.
    const lastIsGone = delivered.id !== undefined && low > delivered.seq && before === delivered.seq
    const unsure = lastIsGone && count > this.#cleared
    const from = Math.max(1, unsure ? before : before + 1)
    if (low > from) this.#skip({ from, to: low - 1 }, epoch)
    for (const { seq, text } of entries) {
      if (seq === (this.position?.seq ?? 0) + 1) this.#next({ epoch, seq }, text)
      if (this.#context.pressure.busy) break
    }
    const now = this.position?.seq ?? 0
    if (now < head) return now > before
    this.#cleared = Math.max(this.#cleared, count)
    return false
  }

  #skip({ from, to }: { readonly from: number; readonly to: number }, epoch: string): void {
    this.position = { epoch, seq: to }
    const frame = formatFrame({ type: 'GAP', room: this.name, from, to, reason: 'trimmed' })
    this.#deliver(new Outbound(frame, { room: this.name }), { epoch, seq: to })
  }
}

const pageSize = 300
