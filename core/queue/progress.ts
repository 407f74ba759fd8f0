import type { QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import type { Attempt } from './attempt.js'

/** Stores what running jobs report, several jobs at a time. */
export interface ProgressWriter {
  /** Resolves when `value` or a later one of the same attempt is stored, or the failure was reported. */
  write(attempt: Attempt, value: string): Promise<void>
}

export interface ProgressDeps {
  readonly driver: QueueDriver
  readonly report: Report
  readonly schedule: (flush: () => void) => void
}

/** One call at a time: meanwhile the newest value of each attempt waits for the next one. */
export function createProgressWriter({ driver, report, schedule }: ProgressDeps): ProgressWriter {
  let values = new Map<Attempt, string>()
  let next: Promise<void> | undefined
  let current: Promise<void> = Promise.resolve()

  async function flush(): Promise<void> {
    const batch = [...values]
    values = new Map()
    next = undefined
    try {
      const replies = await driver.progress(
        batch.map(
          ([
            {
              claim: { queue, id, token },
            },
            value,
          ]) => ({ queue, id, token, value }),
        ),
      )
      for (const [index, [attempt]] of batch.entries()) if (replies[index] === 'lost') attempt.lose()
    } catch (error) {
      report(error, { stage: 'worker.progress' })
    }
  }

  return {
    write(attempt, value) {
      values.set(attempt, value)
      next ??= current = current.then(() => new Promise<void>((resolve) => schedule(resolve))).then(flush)
      return next
    },
  }
}
