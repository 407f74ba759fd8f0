import type { Clock } from '../clock.js'

/** Counts what happens, and how often of late. */
export interface Rate {
  readonly total: number
  add(count: number): void
  /** The average of the last ten whole seconds. */
  perSecond(): number
}

/** What a node's rooms have done so far. */
export interface Meter {
  /** Messages that this node published. */
  readonly published: Rate
  /** Messages of clients that were handled. */
  readonly received: Rate
  /** Frames handed to sockets: one for each client that gets one. */
  readonly delivered: Rate
  /** `volatile` messages that slow clients did not get. */
  dropped: number
  /** `latest` messages that a newer one replaced before a slow client got them. */
  coalesced: number
  /** Messages that were not kept, and that clients did not get as this node had too much to hand out. */
  lost: number
  /** Clients that were cut off because they read too slowly. */
  evicted: number
}

export function createMeter(clock: Pick<Clock, 'monotonic'>): Meter {
  const [published, received, delivered] = [createRate(clock), createRate(clock), createRate(clock)]
  return { published, received, delivered, dropped: 0, coalesced: 0, lost: 0, evicted: 0 }
}

export function createRate(clock: Pick<Clock, 'monotonic'>): Rate {
  const counts = new Array<number>(seconds + 1).fill(0)
  let total = 0
  let newest = 0

  /** Empties the seconds that have begun since the last look. */
  function moveOn(): void {
    const now = Math.floor(clock.monotonic() / 1_000)
    if (now === newest) return
    for (let second = Math.max(newest + 1, now - seconds); second <= now; second++) counts[second % counts.length] = 0
    newest = now
  }

  return {
    get total() {
      return total
    },
    add(count) {
      moveOn()
      const place = newest % counts.length
      counts[place] = (counts[place] ?? 0) + count
      total += count
    },
    perSecond() {
      moveOn()
      const whole = counts.reduce((sum, count) => sum + count, 0) - (counts[newest % counts.length] ?? 0)
      return whole / seconds
    },
  }
}

const seconds = 10
