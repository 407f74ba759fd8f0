import type { Clock } from './clock.js'
import { isTriportError, messageOf } from './errors.js'

/** Where in the runtime a background failure happened, and the ids that belong to it. */
export interface ReportDetails {
  /** For example `worker.claim`, `task.run` or `rooms.heartbeat`. */
  readonly stage: string
  readonly [detail: string]: string | number | boolean | undefined
}

/** Takes a failure that has no caller to reject to. It never throws. */
export type Report = (error: unknown, details: ReportDetails) => void

/** Calls `report`, and tells `otherwise` what was to be reported when that throws or rejects. */
export function guarded(report: Report, otherwise: Report): Report {
  return (error, details) => {
    const failed = (failure: unknown) => {
      otherwise(error, details)
      otherwise(failure, { stage: 'report' })
    }
    try {
      const told: unknown = report(error, details)
      if (told instanceof Promise) told.catch(failed)
    } catch (failure) {
      failed(failure)
    }
  }
}

/** One line for people who have given no `report`: `triport: worker.claim: more=12 Redis is away`. */
export function reportTo(write: (line: string) => void): Report {
  return (error, { stage, ...details }) => {
    const facts = Object.entries(details).map(([name, value]) => ` ${name}=${value}`)
    write(`triport: ${stage}:${facts.join('')} ${messageOf(error)}`)
  }
}

/** How long failures of one kind are counted after one was told, in milliseconds. */
const countingFor = 10_000

/**
 * Tells the first failure of an outage at once, and then how many of its kind (stage and code) came in the next ten seconds: `more` in the
 * details. What is not retryable is told each time.
 */
export function sparing(tell: Report, clock: Clock): Report {
  const counts = new Map<string, number>()
  return (error, details) => {
    if (!isTriportError(error) || !error.retryable) return tell(error, details)
    const kind = `${details.stage} ${error.code}`
    const count = counts.get(kind)
    if (count === undefined) {
      tell(error, details)
      clock.after(countingFor, () => {
        const more = counts.get(kind)
        counts.delete(kind)
        if (more) tell(error, { stage: details.stage, more })
      })
    }
    counts.set(kind, count === undefined ? 0 : count + 1)
  }
}

/** Drops what is reported: for callers whose failures have reached somebody already. */
export const ignore: Report = () => {}
