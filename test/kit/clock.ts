import { setImmediate as turn } from 'node:timers/promises'
import type { CancelTimer, Clock } from '../../core/clock.js'

/** A clock that stands still until it is advanced. */
export interface FakeClock extends Clock {
  /** Moves time on, fires each timer at its moment, and lets what that started come to rest in between. */
  advance(ms: number): Promise<void>
  /** Moves the time of day alone, forth or back, as when an operator sets the clock: no timer fires for it. */
  jump(ms: number): void
  /** Lets what is under way come to rest without moving time. */
  settle(): Promise<void>
  /** How many timers are set. */
  readonly timers: number
}

interface Timer {
  at: number
  readonly every: number | undefined
  readonly fn: () => void
}

/**
 * @param start Milliseconds since the epoch. @default 2026-01-01T00:00:00Z
 */
export function createFakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start
  let jumped = 0
  const timers = new Set<Timer>()

  function set(ms: number, fn: () => void, every?: number): CancelTimer {
    const timer = { at: now + Math.max(ms, 0), every, fn }
    timers.add(timer)
    return () => void timers.delete(timer)
  }

  function nextUntil(end: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer
    return next
  }

  function fire(timer: Timer): void {
    now = Math.max(now, timer.at)
    if (timer.every === undefined) timers.delete(timer)
    else timer.at = now + timer.every
    timer.fn()
  }

  return {
    now: () => now + jumped,
    monotonic: () => now - start,
    after: (ms, fn) => set(ms, fn),
    every: (ms, fn) => set(ms, fn, Math.max(ms, 1)),
    async advance(ms) {
      const end = now + ms
      await rest()
      for (let timer = nextUntil(end); timer; timer = nextUntil(end)) {
        fire(timer)
        await rest()
      }
      now = Math.max(now, end)
    },
    jump(ms) {
      jumped += ms
    },
    settle: rest,
    get timers() {
      return timers.size
    },
  }
}

/** A turn of the event loop ends all microtasks; the second one ends what an immediate of the first has started. */
async function rest(): Promise<void> {
  await turn()
  await turn()
}
