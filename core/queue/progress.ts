import type { Clock } from '../clock.js'
import type { Lease } from '../ports/job.js'
import type { QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import { answer } from './answer.js'

/** What reports progress under its claim. */
export interface ProgressSource {
  readonly claim: Lease
  /** Called when the claim is no longer held. */
  lose(): void
}

/** Stores what running jobs report, several jobs at a time. */
export interface ProgressWriter {
  /** Resolves when `value` or a later one of the same source is stored, or the failure was reported. */
  write(source: ProgressSource, value: string): Promise<void>
}

export interface ProgressDeps {
  readonly driver: QueueDriver
  readonly clock: Clock
  readonly report: Report
  /** How long an answer of the driver is waited for, in milliseconds. */
  readonly lease: number
  readonly schedule: (flush: () => void) => void
}

/** One call at a time: meanwhile the newest value of each source waits for the next one. */
export function createProgressWriter({ driver, clock, report, lease, schedule }: ProgressDeps): ProgressWriter {
  let values = new Map<ProgressSource, string>()
  let next: Promise<void> | undefined
  let current: Promise<void> = Promise.resolve()

  async function flush(): Promise<void> {
    const batch = [...values]
    values = new Map()
    next = undefined
    try {
      const updates = batch.map(
        ([
          {
            claim: { queue, id, token },
          },
          value,
        ]) => ({ queue, id, token, value }),
      )
      const replies = await answer(clock, lease, driver.progress(updates))
      for (const [index, [source]] of batch.entries()) if (replies[index] === 'lost') source.lose()
    } catch (error) {
      report(error, { stage: 'worker.progress' })
    }
  }

  return {
    write(source, value) {
      values.set(source, value)
      next ??= current = current.then(() => new Promise<void>((resolve) => schedule(resolve))).then(flush)
      return next
    },
  }
}
