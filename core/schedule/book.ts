import type { Clock } from '../clock.js'
import type { Late } from '../late.js'
import type { QueueDriver } from '../ports/queue.js'
import { answer } from '../queue/answer.js'
import type { KnownSchedule, ScheduleReader } from './reader.js'

export interface BookDeps {
  readonly driver: Late<QueueDriver>
  readonly read: ScheduleReader
  readonly clock: Clock
  /** The schedules of this instance's configuration. Those of other configurations are left to their own instances. */
  readonly declared: ReadonlySet<string>
}

/** A schedule with its next occurrence. */
export interface Entry extends KnownSchedule {
  cursor: number
  next: number | undefined
  /** Nothing is done for it until then, on the clock's `monotonic` scale. */
  restsUntil: number
}

/**
 * The schedules that are this instance's business, as they were when they were read last.
 *
 * It knows the server's time by what that was at the last read and how long ago that was. So its idea of the time is never ahead of the
 * server's, and no job comes early.
 */
export interface Book {
  readonly entries: readonly Entry[]
  /** @throws what the driver rejects with, `ERR_DRIVER_UNAVAILABLE` */
  refresh(): Promise<void>
  /** How long ago that was, in milliseconds. */
  age(): number
  /** The server's time. */
  now(): number
}

/** How long one call of the driver may take, in milliseconds. */
export const patience = 5_000

export function createBook({ driver, read, clock, declared }: BookDeps): Book {
  let entries: readonly Entry[] = []
  let readAt = Number.NEGATIVE_INFINITY
  let serverThen = 0

  function isOurs({ record, stored }: KnownSchedule): boolean {
    return !record.paused && (stored.origin === 'set' || declared.has(record.name))
  }

  return {
    get entries() {
      return entries
    },
    async refresh() {
      const reply = await answer(clock, patience, driver.get().schedules())
      readAt = clock.monotonic()
      serverThen = reply.now
      const before = new Map(entries.map((entry) => [entry.record.name, entry]))
      const known = await read(reply.schedules)
      entries = known.filter(isOurs).map((schedule) => entryOf(schedule, before.get(schedule.record.name)))
    },
    age: () => clock.monotonic() - readAt,
    now: () => Math.floor(serverThen + clock.monotonic() - readAt),
  }
}

function entryOf(schedule: KnownSchedule, before: Entry | undefined): Entry {
  const { record, recurrence } = schedule
  const { cursor } = record
  const same = before?.record.definition === record.definition
  const next = same && before.cursor === cursor ? before.next : recurrence.next(cursor)
  return { ...schedule, cursor, next, restsUntil: same ? before.restsUntil : 0 }
}
