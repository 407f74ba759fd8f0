import type { Clock } from '../clock.js'
import type { JobRecord } from '../ports/job.js'
import type { QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import { answer } from './answer.js'
import type { Attempt } from './attempt.js'

export interface CancellationsDeps {
  readonly driver: QueueDriver
  readonly clock: Clock
  readonly report: Report
  /** The attempts that hold a place in the pool. */
  attempts(): Iterable<Attempt>
  readonly schedule: (flush: () => void) => void
}

/** Aborts attempts whose jobs were cancelled, with the reason that was given. */
export interface Cancellations {
  /** Somebody may have cancelled this job. It need not run here. */
  hear(id: string): void
  /** What the request to cancel this job was stored with, if that can be read. Never rejects. */
  requestOf(id: string): Promise<string | undefined>
}

/** A cancellation reaches its attempt within a second, also when its reason cannot be read: so long that is tried, in milliseconds. */
const patience = 500

/** The requests are read from the records, with one call for all that were heard of in a turn of the event loop. */
export function createCancellations({ driver, clock, report, attempts, schedule }: CancellationsDeps): Cancellations {
  let heard = new Set<string>()

  async function flush(): Promise<void> {
    const ids = heard
    heard = new Set()
    const running = [...attempts()].filter(({ jobId, interruption }) => interruption === undefined && ids.has(jobId))
    if (running.length === 0) return
    const records = await read(running.map(({ jobId }) => jobId))
    for (const [index, attempt] of running.entries()) {
      const request = records?.[index]?.cancelRequest
      if (!records || request !== undefined) attempt.cancel(request)
    }
  }

  async function read(ids: readonly string[]): Promise<readonly (JobRecord | undefined)[] | undefined> {
    try {
      return await answer(clock, patience, driver.get(ids))
    } catch (error) {
      report(error, { stage: 'worker.cancel', jobs: ids.length })
      return undefined
    }
  }

  return {
    hear(id) {
      if (heard.size === 0) schedule(() => void flush())
      heard.add(id)
    },
    requestOf: async (id) => (await read([id]))?.[0]?.cancelRequest,
  }
}
