import type { LogPage, LogRange, Position, RoomMessage } from '../ports/rooms.js'
import type { Report } from '../report.js'
import { Outbound, placed } from './envelope.js'
import { step } from './position.js'

/** Who hears a room. */
export interface RoomMember {
  offer(message: Outbound, position: Position | undefined): void
}

/** What a room needs of its node. */
export interface RoomContext {
  read(room: string, range: LogRange): Promise<LogPage>
  readonly report: Report
}

/**
 * One room on one node: who is in it, and how far it has been delivered.
 *
 * Messages come from the broker only, the node's own included, and every member hears them in the order of the log: the next position is
 * delivered, an old one dropped; when one is missing, the log is read up to it before anything later is delivered.
 */
export class Room {
  readonly name: string
  readonly members = new Set<RoomMember>()
  /** The newest position that was delivered here. */
  position: Position | undefined
  /** Settles when the node hears the room; a failed one is replaced by the next member. */
  live: Promise<void> | undefined
  /** Clock time since which it has no members. */
  emptySince = 0
  readonly #context: RoomContext
  /** A read is under way; `again` when more turned up meanwhile. */
  #reading: { again: boolean } | undefined

  constructor(name: string, context: RoomContext) {
    this.name = name
    this.#context = context
  }

  /** Takes the head that a subscription began with, unless messages have overtaken it. */
  startAt(head: Position | undefined): void {
    this.position ??= head
  }

  receive({ position, text }: RoomMessage): void {
    if (position === undefined) {
      if (text !== undefined) this.#deliver(text, undefined)
      return
    }
    switch (step(this.position, position, text !== undefined)) {
      case 'drop':
        return
      case 'restart':
        // Of a log that began anew everything is wanted, of one that is met for the first time what comes from now on.
        this.position = { epoch: position.epoch, seq: this.position === undefined ? position.seq - 1 : 0 }
        this.receive({ room: this.name, position, ...(text !== undefined && { text }) })
        return
      case 'deliver':
        this.position = position
        if (text !== undefined) this.#deliver(text, position)
        return
      case 'read':
        void this.#catchUp()
    }
  }

  #deliver(text: string, position: Position | undefined): void {
    if (this.members.size === 0) return
    const message = new Outbound(position ? placed(text, position) : text)
    for (const member of this.members) member.offer(message, position)
  }

  /** Reads what is missing. One read at a time: whatever asks for one meanwhile causes the next. */
  async #catchUp(): Promise<void> {
    if (this.#reading) {
      this.#reading.again = true
      return
    }
    const reading = { again: true }
    this.#reading = reading
    try {
      while (reading.again) {
        reading.again = false
        const page = await this.#context.read(this.name, { after: this.position?.seq ?? 0, limit: pageSize })
        reading.again ||= this.#apply(page)
      }
    } catch (error) {
      // The next message finds the same hole and reads again.
      this.#context.report(error, { stage: 'rooms.read' })
    } finally {
      this.#reading = undefined
    }
  }

  /** True when there is more to read. */
  #apply(page: LogPage): boolean {
    const before = this.position
    const trimmed = { epoch: page.epoch, seq: page.low - 1 }
    if (before?.epoch !== page.epoch || before.seq < trimmed.seq) this.position = trimmed
    for (const { seq, text } of page.entries) {
      this.receive({ room: this.name, position: { epoch: page.epoch, seq }, text })
    }
    return page.entries.length > 0 && (this.position?.seq ?? 0) < page.head
  }
}

const pageSize = 300
