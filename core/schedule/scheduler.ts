import { type CancelTimer, type Clock, type TimerOptions, within } from '../clock.js'
import type { Report } from '../report.js'
import { type Book, type Entry, patience } from './book.js'
import type { Tick } from './ticker.js'

export interface SchedulerDeps {
  readonly book: Book
  readonly tick: Tick
  readonly clock: Clock
  random(): number
  readonly report: Report
}

/**
 * Looks after the schedules of the book with one timer. Every instance does so: the backend lets one of them make each occurrence, and the
 * others read again what has become of it.
 */
export interface Scheduler {
  /** With `keepAlive` the process stays alive until `stop()`. */
  start(options: TimerOptions): void
  /** Something about the schedules has changed. */
  kick(): void
  /** Resolves when no call of the driver is under way. */
  stop(): Promise<void>
}

/** How old the book may become, in milliseconds: other instances change schedules. */
const freshness = 3_000
/** How long to wait before reading again when another instance was faster, in milliseconds. */
const afterLoss = 250
/** How long to wait for further changes before reading again, in milliseconds. */
const afterChange = 50
/** The shortest wait between two looks, in milliseconds. */
const shortest = 10
/** How many schedules are dealt with at once. */
const together = 20

export function createScheduler({ book, tick, clock, random, report }: SchedulerDeps): Scheduler {
  let stale = true
  let changed = false
  let stopped = true
  let busy: Promise<void> | undefined
  let disarm: CancelTimer = () => {}
  let letGo: CancelTimer = () => {}

  /** @returns how long to wait before the next one, in milliseconds. */
  async function pass(): Promise<number> {
    if (stale || book.age() >= freshness) {
      stale = false // Before the call: what changes while it is under way must be read again.
      await book.refresh()
    }
    const due = inTurn(book.entries.filter((entry) => untilDue(entry) <= 0))
    for (let from = 0; from < due.length && !stopped; from += together) {
      if (await tickAll(due.slice(from, from + together))) continue
      stale = true
      return afterLoss * (0.5 + random() / 2)
    }
    return book.entries.reduce((wait, entry) => Math.min(wait, untilDue(entry)), freshness - book.age())
  }

  function untilDue({ next, restsUntil }: Entry): number {
    if (next === undefined) return Number.POSITIVE_INFINITY
    return Math.max(next - book.now(), restsUntil - clock.monotonic())
  }

  /** Each instance begins elsewhere, so that they do not all make the same jobs. */
  function inTurn(due: readonly Entry[]): readonly Entry[] {
    const first = Math.floor(random() * due.length)
    return [...due.slice(first), ...due.slice(0, first)]
  }

  /** Waits for all, also when one fails: no call may be under way when the pass is over. */
  async function tickAll(due: readonly Entry[]): Promise<boolean> {
    const ticks = await Promise.allSettled(due.map((entry) => tick(entry, book.now())))
    for (const ticked of ticks) if (ticked.status === 'rejected') throw ticked.reason
    return ticks.every((ticked) => ticked.status === 'fulfilled' && ticked.value)
  }

  async function turn(): Promise<void> {
    let wait = freshness * (0.5 + random() / 2)
    changed = false
    try {
      wait = await pass()
    } catch (error) {
      stale = true
      if (!stopped) report(error, { stage: 'schedules' })
    }
    busy = undefined
    arm(changed ? afterChange : wait)
  }

  function arm(ms: number): void {
    disarm()
    if (!stopped) disarm = clock.after(Math.max(shortest, Math.ceil(ms)), run)
  }

  function run(): void {
    busy ??= turn()
  }

  return {
    start({ keepAlive }) {
      stopped = false
      stale = true
      if (keepAlive) letGo = clock.every(freshness, run, { keepAlive })
      run()
    },
    kick() {
      stale = true
      if (changed) return
      changed = true
      if (!busy) arm(afterChange)
    },
    async stop() {
      stopped = true
      letGo()
      disarm()
      if (busy) await within(clock, patience, busy)
    },
  }
}
