import type { Clock } from '../clock.js'
import { isTriportError } from '../errors.js'
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
  /**
   * Resolves when this is stored (of values, this or a later one of the same source), or the failure was reported. What could not be
   * stored because the backend was away goes with the next call.
   */
  write(source: ProgressSource, told: Told): Promise<void>
  /** Resolves when all that the source has told is stored, or has been tried a last time; `undefined` when it is stored. */
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
  /** How many calls may still try to store it, when its source has ended. */
  tries?: number | undefined
}

/** One call at a time: meanwhile the newest value and the newest lines of each source wait for the next one. */
export function createProgressWriter({ driver, clock, report, lease, schedule }: ProgressDeps): ProgressWriter {
  // A job waits for two calls at most before it ends, and keeps its lease meanwhile: that has two thirds left.
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
      if (isTriportError(error) && error.retryable) for (const [source, update] of batch) putBack(source, update)
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

  /** It goes with the next call, beside what was told since then, unless it had its last one. */
  function putBack(source: ProgressSource, old: Update): void {
    if (old.tries === 1) return
    const newer: Update = waiting.get(source) ?? { log: [], tries: old.tries && old.tries - 1 }
    waiting.set(source, { ...old, ...newer, log: [...old.log, ...newer.log].slice(-keptLogLines) })
  }

  function send(): Promise<void> {
    next ??= current = current.then(() => new Promise<void>((resolve) => schedule(resolve))).then(flush)
    return next
  }

  /** Sends what is left of a source that has ended, and once more when that failed. */
  async function finish(source: ProgressSource): Promise<void> {
    await (waiting.has(source) ? send() : current)
    if (waiting.has(source)) await send()
  }

  return {
    write(source, told) {
      note(source, told)
      return send()
    },
    pending(source) {
      const update = waiting.get(source) ?? sending.get(source)
      if (!update) return undefined
      update.tries = waiting.has(source) && sending.size > 0 ? 1 : 2
      return finish(source)
    },
  }
}

function updateOf([{ claim }, { value, log }]: [ProgressSource, Update]): ProgressUpdate {
  const { queue, id, token } = claim
  return { queue, id, token, ...(value === undefined ? {} : { value }), ...(log.length === 0 ? {} : { log }) }
}
