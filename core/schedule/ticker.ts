import type { Clock } from '../clock.js'
import { isTriportError, TriportError } from '../errors.js'
import type { Late } from '../late.js'
import type { NewJob } from '../ports/job.js'
import type { QueueDriver } from '../ports/queue.js'
import { answer } from '../queue/answer.js'
import { parts } from '../queue/enqueuer.js'
import type { JobEvents } from '../queue/events.js'
import type { Report } from '../report.js'
import { type Entry, patience } from './book.js'
import { type Due, dueOccurrences } from './due.js'
import { occurrence } from './stored.js'

export interface TickerDeps {
  readonly driver: Late<QueueDriver>
  readonly clock: Clock
  readonly report: Report
  readonly events: Pick<JobEvents, 'has' | 'emit'>
}

/**
 * Makes the jobs of a schedule that are due at `now`, and moves its entry on. One whose jobs the driver refuses for good is reported and
 * rests for a while.
 *
 * @returns false when the schedule is no longer as it was read.
 * @throws `ERR_DRIVER_UNAVAILABLE`
 */
export type Tick = (entry: Entry, now: number) => Promise<boolean>

/** How long a schedule rests whose jobs the driver refuses for good, in milliseconds. */
const rest = 60_000

export function createTicker({ driver, clock, report, events }: TickerDeps): Tick {
  async function make(entry: Entry, { moments, to, dropped }: Due): Promise<boolean> {
    const { record, stored, cursor } = entry
    const jobs = moments.map((moment) => ({ moment, job: occurrence(record.name, stored, moment) }))
    const pieces = jobs.length > 0 ? parts(jobs, ({ job }) => job) : [[]]
    for (const [index, piece] of pieces.entries()) {
      const enqueue = piece.map(({ job }) => job)
      if (!(await move(entry, piece.at(-1)?.moment ?? to, enqueue))) return false
      if (index > 0 || dropped === undefined) continue
      report(missed(record.name, cursor, dropped), { stage: 'schedules.tick', schedule: record.name })
    }
    return true
  }

  async function move(entry: Entry, to: number, enqueue: readonly NewJob[]): Promise<boolean> {
    const { name, definition } = entry.record
    const tick = { name, definition, from: entry.cursor, to, enqueue }
    if (!(await answer(clock, patience, driver.get().tickSchedule(tick)))) return false
    entry.cursor = to
    if (events.has('enqueued')) for (const job of enqueue) tell(job)
    return true
  }

  /** Whether a job that is unique found its key taken, the driver does not say. */
  function tell({ id, task, queue, lock }: NewJob): void {
    if (!lock) events.emit({ type: 'enqueued', id, task, queue, attempts: 0 })
  }

  return async (entry, now) => {
    const { record, stored, recurrence, cursor } = entry
    try {
      const due = dueOccurrences(recurrence, { missed: stored.missed, cursor, now })
      if (due && !(await make(entry, due))) return false
      entry.next = recurrence.next(entry.cursor)
    } catch (error) {
      if (isTriportError(error) && error.retryable) throw error
      entry.restsUntil = clock.monotonic() + rest
      report(error, { stage: 'schedules.tick', schedule: record.name })
    }
    return true
  }
}

function missed(name: string, after: number, until: number): TriportError {
  return new TriportError(
    'ERR_SCHEDULE_MISSED',
    `Schedule "${name}" was not run for so long that occurrences after ${isoTime(after)} up to ${isoTime(until)} are dropped.`,
    { details: { schedule: name, after: new Date(after), until: new Date(until) } },
  )
}

function isoTime(moment: number): string {
  return new Date(moment).toISOString()
}
