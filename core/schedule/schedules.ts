import { invalidOption, messageOf, TriportError } from '../errors.js'
import type { Ids } from '../ids.js'
import type { ScheduleRecord } from '../ports/schedules.js'
import type { Ask } from '../queue/answer.js'
import { nearest } from '../suggest.js'
import type { MissedPolicy } from './due.js'
import type { KnownSchedule, ScheduleReader } from './reader.js'
import type { Schedule } from './schedule.js'
import { encodeSchedule, type ScheduleOrigin } from './stored.js'
import type { Recurrences, StoredTimes } from './times.js'

/** A schedule of the backend. */
export interface ScheduleStatus {
  readonly name: string
  readonly task: string
  readonly queue: string
  /** The pattern and its time zone, or `every` in milliseconds. */
  readonly times: StoredTimes
  readonly missed: MissedPolicy
  /**
   * `config`: it runs while a started instance has it in its configuration. `set`: it was given to `schedules.set`, and runs until it
   * is removed.
   */
  readonly origin: ScheduleOrigin
  readonly paused: boolean
  /** The next occurrence to be dealt with; absent while it is paused. When it is in the past, no instance runs the schedule. */
  readonly next?: Date
  /** The latest occurrence, if it became a job. Absent when it was skipped, and after the schedule was set, changed or resumed. */
  readonly last?: Date
}

/** The schedules of all who share the backend. */
export interface Schedules {
  /**
   * Stores a schedule under its name, in place of the one before. It runs from now on, until it is removed, in every instance that schedules.
   *
   * @throws `ERR_SCHEDULE_INVALID` when the cron pattern cannot be read or never comes true; what `enqueue` rejects an input with; `ERR_NOT_STARTED`,
   *   `ERR_DRIVER_UNAVAILABLE`.
   */
  set(schedule: Schedule): Promise<void>
  /** Jobs that it made stay. @returns whether there was one. */
  remove(name: string): Promise<boolean>
  /** Makes no jobs until `resume`. @throws `ERR_SCHEDULE_UNKNOWN` */
  pause(name: string): Promise<void>
  /** Goes on from now: what fell into the pause is not made up for. @throws `ERR_SCHEDULE_UNKNOWN` */
  resume(name: string): Promise<void>
  /** In the order of their names. */
  list(): Promise<readonly ScheduleStatus[]>
  /**
   * The next occurrences from now on, paused or not.
   *
   * @param count How many, 1 to 1,000. 1 when left out.
   * @throws `ERR_SCHEDULE_UNKNOWN`, `ERR_OPTION_INVALID`
   */
  next(name: string, count?: number): Promise<readonly Date[]>
}

/** The schedules, and a way to store those of a configuration. */
export interface OwnedSchedules extends Schedules {
  /** @throws `ERR_SCHEDULE_INVALID` with every problem in `details.problems`; `ERR_DRIVER_UNAVAILABLE`. */
  declare(schedules: readonly Schedule[]): Promise<void>
}

export interface SchedulesDeps {
  readonly ask: Ask
  readonly ids: Ids
  readonly recurrences: Recurrences
  readonly read: ScheduleReader
  /** Called when a schedule was changed. */
  changed(): void
}

export function createSchedules({ ask, ids, recurrences, read, changed }: SchedulesDeps): OwnedSchedules {
  async function prepare(
    schedule: Schedule,
    origin: ScheduleOrigin,
  ): Promise<Pick<ScheduleRecord, 'name' | 'definition'>> {
    if (schedule?.times === undefined) throw noSchedule(schedule)
    await recurrences.of(schedule.times)
    return { name: schedule.name, definition: await encodeSchedule(schedule, origin, ids) }
  }

  async function pause(name: string, paused: boolean): Promise<void> {
    if (!(await ask((driver) => driver.pauseSchedule(name, paused)))) throw await unknown(name)
    changed()
  }

  async function unknown(name: string): Promise<TriportError> {
    const { schedules } = await ask((driver) => driver.schedules())
    return unknownSchedule(name, schedules)
  }

  return {
    async set(schedule) {
      const record = await prepare(schedule, 'set')
      await ask((driver) => driver.saveSchedule(record))
      changed()
    },
    async declare(schedules) {
      const prepared = await Promise.allSettled(schedules.map((schedule) => prepare(schedule, 'config')))
      refuse(schedules, prepared)
      for (const each of prepared) {
        if (each.status === 'fulfilled') await ask((driver) => driver.saveSchedule(each.value))
      }
    },
    async remove(name) {
      const removed = await ask((driver) => driver.removeSchedule(name))
      changed()
      return removed
    },
    pause: (name) => pause(name, true),
    resume: (name) => pause(name, false),
    async list() {
      const { schedules } = await ask((driver) => driver.schedules())
      return (await read(schedules)).map(statusOf)
    },
    async next(name, count = 1) {
      if (!(Number.isInteger(count) && count >= 1 && count <= 1_000)) throw badCount(count)
      const { now, schedules } = await ask((driver) => driver.schedules())
      const found = (await read(schedules)).find(({ record }) => record.name === name)
      if (!found) throw unknownSchedule(name, schedules)
      return upcoming(found, now, count)
    },
  }
}

function upcoming({ recurrence }: KnownSchedule, now: number, count: number): Date[] {
  const dates: Date[] = []
  for (let moment = recurrence.next(now); moment !== undefined && dates.length < count; ) {
    dates.push(new Date(moment))
    moment = recurrence.next(moment)
  }
  return dates
}

function statusOf({ record, stored, recurrence }: KnownSchedule): ScheduleStatus {
  const { name, paused, cursor } = record
  const { origin, times, missed, job } = stored
  const next = paused ? undefined : recurrence.next(cursor)
  // Made jobs leave the cursor on their occurrence, everything else leaves it at the time at which it happened.
  const last = recurrence.next(cursor - 1) === cursor ? cursor : undefined
  return {
    ...{ name, task: job.task, queue: job.queue, times, missed, origin, paused },
    ...(next === undefined ? {} : { next: new Date(next) }),
    ...(last === undefined ? {} : { last: new Date(last) }),
  }
}

function refuse(schedules: readonly Schedule[], prepared: readonly PromiseSettledResult<unknown>[]): void {
  const errors = prepared.flatMap((each, index) =>
    each.status === 'rejected' ? [{ name: schedules[index]?.name, error: each.reason as unknown }] : [],
  )
  if (errors.length === 0) return
  const problems = errors.map(({ name, error }) => `Schedule "${name}": ${messageOf(error)}`)
  throw new TriportError('ERR_SCHEDULE_INVALID', problems.join('\n'), {
    cause: errors[0]?.error,
    details: { problems },
  })
}

function noSchedule(value: unknown): TriportError {
  const problem = `A value of type ${typeof value} is no schedule. Make it with defineSchedule.`
  return new TriportError('ERR_SCHEDULE_INVALID', problem, { details: { problems: [problem] } })
}

function unknownSchedule(name: string, records: readonly ScheduleRecord[]): TriportError {
  const names = records.map((record) => record.name)
  const guess = nearest(String(name), names)
  const known = names.length === 0 ? 'There are none.' : `Known: ${names.join(', ')}.`
  return new TriportError(
    'ERR_SCHEDULE_UNKNOWN',
    `Unknown schedule ${JSON.stringify(name)}.${guess ? ` Did you mean "${guess}"?` : ''} ${known}`,
    { details: { schedule: name } },
  )
}

function badCount(count: unknown): TriportError {
  return invalidOption(`count is ${String(count)}. Give a whole number from 1 to 1,000.`)
}
