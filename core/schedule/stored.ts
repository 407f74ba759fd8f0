import { derivedId, type Ids } from '../ids.js'
import type { NewJob } from '../ports/job.js'
import { encodeMeta } from '../queue/meta.js'
import { jobRequest, prepareJob } from '../queue/new-job.js'
import { type Exclusion, exclusionOf, lockOf } from '../queue/unique.js'
import type { MissedPolicy } from './due.js'
import type { Schedule } from './schedule.js'
import type { StoredTimes } from './times.js'

/** Who keeps a schedule running: the instances that have it in their configuration, or all of them until it is removed. */
export type ScheduleOrigin = 'config' | 'set'

/** What the backend knows of a schedule. It names all that a job needs, so that instances without its task can make one. */
export interface StoredSchedule {
  readonly origin: ScheduleOrigin
  readonly times: StoredTimes
  readonly missed: MissedPolicy
  readonly job: JobTemplate
  readonly unique?: { readonly exclusion: Exclusion; readonly keepResult: number }
}

/** A job that lacks only what tells one occurrence from another. */
export type JobTemplate = Omit<NewJob, 'id' | 'key' | 'lock'>

/**
 * The text of a schedule. The same schedule gives the same text in every process.
 *
 * @throws what `enqueue` rejects an input with.
 */
export async function encodeSchedule(schedule: Schedule, origin: ScheduleOrigin, ids: Ids): Promise<string> {
  const { name, task, input, times, missed, options } = schedule
  const exclusion = exclusionOf(options)
  const { unique: _, ...others } = options
  const prepared = await prepareJob(jobRequest(task, input, others), ids)
  const { id: _id, ...job } = prepared.job
  const meta = encodeMeta({ ...prepared.meta, schedule: name })
  const stored: StoredSchedule = {
    ...{ origin, times, missed, job: { ...job, meta } },
    ...(exclusion ? { unique: { exclusion, keepResult: task.policy.keepResult } } : {}),
  }
  return JSON.stringify(stored)
}

/** `undefined` for what something else, or a newer version, has written. */
export function decodeSchedule(definition: string): StoredSchedule | undefined {
  try {
    const stored = JSON.parse(definition) as StoredSchedule
    return isStored(stored) ? stored : undefined
  } catch {
    return undefined
  }
}

function isStored({ origin, times, missed, job }: StoredSchedule): boolean {
  return (
    ['config', 'set'].includes(origin) &&
    ['skip', 'once', 'all'].includes(missed) &&
    ('every' in times ? times.every >= 1 : typeof times.cron === 'string' && typeof times.timeZone === 'string') &&
    [job.queue, job.task, job.payload, job.meta].every((text) => typeof text === 'string')
  )
}

/** The job of one occurrence. Its key says which: `nightly@2026-11-27T03:00:00.000Z`. */
export function occurrence(name: string, { job, unique }: StoredSchedule, moment: number): NewJob {
  const key = `${name}@${new Date(moment).toISOString()}`
  const id = derivedId(job.queue, key)
  if (!unique) return { ...job, id, key }
  const { exclusion, keepResult } = unique
  return { ...job, id, key, lock: lockOf(exclusion, { name: job.task, policy: { keepResult } }, id) }
}
