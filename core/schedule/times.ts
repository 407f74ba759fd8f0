import { type Duration, milliseconds } from '../duration.js'
import { messageOf, TriportError } from '../errors.js'
import { nearest, unknownName } from '../suggest.js'
import { interval, type ReadCron, type Recurrence } from './recurrence.js'

/** When the jobs of a schedule are due: `cron` or `every`, one of the two. */
export type ScheduleTimes =
  | {
      /** Five fields, six with seconds first, or a nickname: `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. */
      readonly cron: string
      /** An IANA time zone, such as `Europe/Berlin`. @default 'UTC' */
      readonly timeZone?: string
      readonly every?: undefined
    }
  | {
      /** 1 s or more. Counted from the epoch on, so that `'15m'` is due on the quarter of an hour and `'1d'` at midnight UTC. */
      readonly every: Duration
      readonly cron?: undefined
      readonly timeZone?: undefined
    }

/** The same as the backend keeps it. An interval is in milliseconds. */
export type StoredTimes = CronTimes | { readonly every: number }

/** A pattern and its time zone. */
export interface CronTimes {
  readonly cron: string
  readonly timeZone: string
}

/** Turns stored times into moments. */
export interface Recurrences {
  /** @throws `ERR_SCHEDULE_INVALID` when the pattern cannot be read or never comes true. */
  of(times: StoredTimes): Promise<Recurrence>
}

/** @param loadCron Called when a pattern has to be read. */
export function createRecurrences(loadCron: () => Promise<ReadCron>): Recurrences {
  return {
    async of(times) {
      if ('every' in times) return interval(times.every)
      const readCron = await loadCron()
      const recurrence = parsed(readCron, times)
      if (recurrence.next(0) === undefined) throw unusable(times.cron, 'It never comes true')
      return recurrence
    },
  }
}

function parsed(readCron: ReadCron, { cron, timeZone }: CronTimes): Recurrence {
  try {
    return readCron(cron, timeZone)
  } catch (error) {
    throw unusable(cron, messageOf(error))
  }
}

function unusable(cron: string, why: string): TriportError {
  const problem = `cron is "${cron}". ${why.replace(/\.$/, '')}.`
  return new TriportError('ERR_SCHEDULE_INVALID', problem, { details: { problems: [problem] } })
}

const shortest = 1_000
const nicknames = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']

/** The times of a definition that has no problems with them. */
export function timesOf({ cron, timeZone = 'UTC', every }: ScheduleTimes): StoredTimes {
  return every === undefined ? { cron: cron.trim(), timeZone } : { every: milliseconds(every, 'every') }
}

/** What is wrong with the times of a definition, as far as the text alone tells. */
export function problemsOfTimes(times: { readonly [Key in keyof ScheduleTimes]?: unknown }): string[] {
  const { cron, timeZone, every } = times
  if (cron === undefined && every === undefined) return ["cron and every are both missing. Give one, as every: '1m'."]
  if (cron !== undefined && every !== undefined) return ['cron and every are both given. Leave one out.']
  if (cron !== undefined) return [...problemsOfCron(cron), ...problemsOfTimeZone(timeZone)]
  const zone = timeZone === undefined ? [] : ['timeZone is given and cron is not. An interval has none: leave it out.']
  return [...problemsOfInterval(every), ...zone]
}

function problemsOfCron(cron: unknown): string[] {
  if (typeof cron !== 'string') return [`cron is ${JSON.stringify(cron)}. Give a pattern such as '0 3 * * *'.`]
  const fields = cron.trim().split(/\s+/)
  if (fields[0]?.startsWith('@')) {
    return nicknames.includes(cron.trim().toLowerCase()) ? [] : [unknownName('cron nickname', cron, nicknames)]
  }
  if (fields.length === 5 || fields.length === 6) return []
  return [`cron is "${cron}". Give five fields, such as '0 3 * * *', or six with seconds first.`]
}

function problemsOfTimeZone(zone: unknown): string[] {
  if (zone === undefined) return []
  try {
    if (typeof zone === 'string' && zone !== '') {
      new Intl.DateTimeFormat('en', { timeZone: zone })
      return []
    }
  } catch {
    // Not one that this platform knows: said below.
  }
  const guess = nearest(String(zone), Intl.supportedValuesOf('timeZone'))
  return [
    `timeZone is ${JSON.stringify(zone)}. ${guess ? `Did you mean "${guess}"? ` : ''}Give one of IANA's, such as "Europe/Berlin".`,
  ]
}

function problemsOfInterval(every: unknown): string[] {
  try {
    const length = milliseconds(every as Duration, 'every')
    if (Number.isInteger(length) && length >= shortest) return []
    return [`every is ${String(every)}. Give 1 s or more, in whole milliseconds.`]
  } catch (error) {
    return [messageOf(error)]
  }
}
