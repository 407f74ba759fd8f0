import type { Clock } from '../clock.js'
import { keptLogLines, type Lease } from '../ports/job.js'
import type { ProgressUpdate, QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import { answer } from './answer.js'

/** What tells of itself under its claim. */
export interface ProgressSource {
  readonly claim: Lease
  /** Called when the claim is no longer held. */
  lose(): void
}

/** What a running job tells of itself. */
export interface Told {
  /** How far it is. */
  readonly value?: string
  /** A line of its log. */
  readonly line?: string
}

/** Stores what running jobs tell of themselves, several jobs at a time. */
export interface ProgressWriter {
  /** Resolves when this is stored (of values, this or a later one of the same source), or the failure was reported. */
  write(source: ProgressSource, told: Told): Promise<void>
  /** Resolves when all that the source has told is stored or reported; `undefined` when nothing is under way. */
  pending(source: ProgressSource): Promise<void> | undefined
}

export interface ProgressDeps {
  readonly driver: QueueDriver
  readonly clock: Clock
  readonly report: Report
  /** Milliseconds. */
  readonly lease: number
  readonly schedule: (flush: () => void) => void
}

/** What waits for the next call, of one source. */
interface Update {
  value?: string
  readonly log: string[]
}

/** One call at a time: meanwhile the newest value and the newest lines of each source wait for the next one. */
export function createProgressWriter({ driver, clock, report, lease, schedule }: ProgressDeps): ProgressWriter {
  // A job waits for two calls at most before it ends, the current one and the next, and keeps its lease meanwhile: that has two thirds left.
  const timeout = lease / 4
  let waiting = new Map<ProgressSource, Update>()
  let sending: ReadonlyMap<ProgressSource, Update> = new Map()
  let next: Promise<void> | undefined
  let current: Promise<void> = Promise.resolve()

  async function flush(): Promise<void> {
    const batch = waiting
    sending = batch
    waiting = new Map()
    next = undefined
    try {
      const replies = await answer(clock, timeout, driver.progress(Array.from(batch, updateOf)))
      for (const [index, source] of [...batch.keys()].entries()) if (replies[index] === 'lost') source.lose()
    } catch (error) {
      report(error, { stage: 'worker.progress' })
    }
    sending = new Map()
  }

  function note(source: ProgressSource, { value, line }: Told): void {
    const update: Update = waiting.get(source) ?? { log: [] }
    waiting.set(source, update)
    if (value !== undefined) update.value = value
    if (line !== undefined) update.log.push(line)
    if (update.log.length > keptLogLines) update.log.shift()
  }

  return {
    write(source, told) {
      note(source, told)
      next ??= current = current.then(() => new Promise<void>((resolve) => schedule(resolve))).then(flush)
      return next
    },
    pending: (source) => (waiting.has(source) || sending.has(source) ? current : undefined),
  }
}

function updateOf([{ claim }, { value, log }]: [ProgressSource, Update]): ProgressUpdate {
  const { queue, id, token } = claim
  return { queue, id, token, ...(value === undefined ? {} : { value }), ...(log.length === 0 ? {} : { log }) }
}
