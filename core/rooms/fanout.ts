import type { Clock } from '../clock.js'

/** Hands things to many members without holding up the event loop. */
export interface Fanout {
  /**
   * Calls `give` for each member, in the order of the calls. More members than fit into a slice, and whatever comes while some are
   * waiting, are given theirs in the turns that follow. Members that are gone by then are left out.
   */
  run<Member>(members: { readonly size: number; values(): Iterator<Member> }, give: (member: Member) => void): void
}

export interface FanoutOptions {
  /** Calls back at the end of the turn. */
  readonly schedule: (fn: () => void) => void
  readonly clock: Pick<Clock, 'monotonic'>
}

export function createFanout({ schedule, clock }: FanoutOptions): Fanout {
  const waiting: (() => boolean)[] = []

  function work(): void {
    const pause = slice(clock, offers)
    while (waiting.length > 0) {
      while (waiting[0]?.()) if (pause()) return void schedule(work)
      waiting.shift()
    }
  }

  return {
    run(members, give) {
      const rest = members.values()
      const next = () => {
        const { done, value } = rest.next()
        if (!done) give(value)
        return !done
      }
      if (waiting.length > 0 || members.size > inOneGo) {
        waiting.push(next)
        if (waiting.length === 1) schedule(work)
      } else while (next());
    },
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
const budget = 8
