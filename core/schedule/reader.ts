import { TriportError } from '../errors.js'
import type { ScheduleRecord } from '../ports/schedules.js'
import type { Report } from '../report.js'
import type { Recurrence } from './recurrence.js'
import { decodeSchedule, type StoredSchedule } from './stored.js'
import type { Recurrences } from './times.js'

/** A schedule of the backend that this version understands. */
export interface KnownSchedule {
  readonly record: ScheduleRecord
  readonly stored: StoredSchedule
  readonly recurrence: Recurrence
}

/** Understands schedules. What it cannot read is left out, and reported once. */
export type ScheduleReader = (records: readonly ScheduleRecord[]) => Promise<readonly KnownSchedule[]>

type Meaning = Omit<KnownSchedule, 'record'> | undefined

export function createReader(recurrences: Recurrences, report: Report): ScheduleReader {
  let meanings = new Map<string, Meaning>()

  async function meaningOf({ name, definition }: ScheduleRecord): Promise<Meaning> {
    if (meanings.has(definition)) return meanings.get(definition)
    try {
      const stored = decodeSchedule(definition)
      if (!stored) throw unreadable(name)
      return { stored, recurrence: await recurrences.of(stored.times) }
    } catch (error) {
      report(error, { stage: 'schedules.read', schedule: name })
      return undefined
    }
  }

  return async (records) => {
    const known: KnownSchedule[] = []
    const latest = new Map<string, Meaning>() // What is no longer there is forgotten.
    for (const record of records) {
      const meaning = await meaningOf(record)
      latest.set(record.definition, meaning)
      if (meaning) known.push({ record, ...meaning })
    }
    meanings = latest
    return known
  }
}

function unreadable(name: string): TriportError {
  return new TriportError(
    'ERR_VALUE_MALFORMED',
    `Schedule "${name}" cannot be read: something else or a newer version has written it. It makes no jobs here.`,
    { details: { schedule: name } },
  )
}
