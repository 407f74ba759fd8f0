import type { Clock } from '../clock.js'
import type { Outbound } from './envelope.js'
import { keyOf } from './lag.js'
import type { Meter } from './meter.js'
import { type Pressure, Relief } from './pressure.js'

/** A message and those that are to get it. */
export interface Handout<Member> {
  readonly message: Outbound
  readonly members: { readonly size: number; values(): Iterator<Member> }
  give(member: Member): void
}

/**
 * Hands messages to many members without holding up the event loop.
 *
 * Messages are handed out in the order of the calls. More members than fit into a slice, and whatever comes while some are waiting, are
 * given theirs in the turns that follow. Members that are gone by then are left out.
 */
export interface Fanout extends Pressure {
  /** For what has to be handed out, by callers that look at `busy` before they come with more. */
  run<Member>(handout: Handout<Member>): void
  /** As `run`, unless a message of this room and type waits already. */
  once<Member>(handout: Handout<Member>): void
  /**
   * For what comes by itself. When too much waits already, a `volatile` message is left out and a `latest` one takes the place of an older
   * one that waits.
   *
   * @returns False when there is no place for it at all.
   */
  offer<Member>(handout: Handout<Member>): boolean
  /** Messages that wait. */
  readonly waiting: number
}

export interface FanoutOptions {
  /** Calls back at the end of the turn. */
  readonly schedule: (fn: () => void) => void
  readonly clock: Pick<Clock, 'monotonic'>
  readonly meter: Pick<Meter, 'dropped' | 'coalesced' | 'lost'>
}

interface Waiting {
  readonly message: Outbound
  /** Gives the next member its message. @returns False when there is none left. */
  next(): boolean
}

export function createFanout({ schedule, clock, meter }: FanoutOptions): Fanout {
  const waiting: Waiting[] = []
  const relief = new Relief()
  /** Characters of what waits. */
  let length = 0

  /** Whether `share` of what may wait does. */
  function holds(share: number): boolean {
    return waiting.length >= mostWaiting * share || length >= longestWaiting * share
  }

  function work(): void {
    const pause = slice(clock, offers)
    while (waiting.length > 0) {
      while (waiting[0]?.next()) if (pause()) return void schedule(work)
      remove(0)
      if (!holds(half)) relief.tell()
    }
  }

  function remove(index: number): void {
    const [removed] = waiting.splice(index, 1)
    length -= removed?.message.text.length ?? 0
  }

  /** The place of a message that `message` could take, had it not begun to be handed out. */
  function twinOf(message: Outbound): number {
    const key = keyOf(message)
    const isTwin = (other: Outbound) =>
      other.origin?.position === undefined && other.delivery.class === message.delivery.class && keyOf(other) === key
    return waiting.findIndex((each, index) => index > 0 && isTwin(each.message))
  }

  function run<Member>({ message, members, give }: Handout<Member>): void {
    const rest = members.values()
    const next = () => {
      const { done, value } = rest.next()
      if (!done) give(value)
      return !done
    }
    if (waiting.length > 0 || members.size > inOneGo) {
      length += message.text.length
      waiting.push({ message, next })
      if (waiting.length === 1) schedule(work)
    } else while (next());
  }

  return {
    run,
    once(handout) {
      if (twinOf(handout.message) < 0) run(handout)
    },
    offer(handout) {
      if (!holds(all)) {
        run(handout)
        return true
      }
      const { message, members } = handout
      if (message.delivery.class === 'volatile') {
        meter.dropped += members.size
        return true
      }
      const twin = message.delivery.class === 'latest' ? twinOf(message) : -1
      meter[twin < 0 ? 'lost' : 'coalesced'] += members.size
      if (twin < 0) return false
      remove(twin)
      run(handout)
      return true
    },
    get waiting() {
      return waiting.length
    },
    get busy() {
      return holds(half)
    },
    relieved: () => relief.wait(),
  }
}

/** How much is done in one turn. */
export interface SliceSize {
  /** Pieces of work at most, whatever the clock says. */
  readonly most: number
  /** Pieces of work between two looks at the clock. */
  readonly look: number
}

/** Tells, when asked after each piece of work, whether this turn has had enough. */
export function slice(clock: Pick<Clock, 'monotonic'>, { most, look }: SliceSize): () => boolean {
  const start = clock.monotonic()
  let pieces = 0
  return () => ++pieces >= most || (pieces % look === 0 && clock.monotonic() - start >= budget)
}

const inOneGo = 1_000
const offers: SliceSize = { most: 10_000, look: 64 }
/** Two kinds of work share a turn, finding out who is owed what and writing it: together they stay under 20 ms. */
const budget = 6

/** Messages that may wait, and characters of them. */
const mostWaiting = 1_000
const longestWaiting = 4_194_304
const all = 1
/** So much is left to callers who wait: the rest is for those that do not. */
const half = 0.5
