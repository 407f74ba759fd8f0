import { type Duration, milliseconds } from '../duration.js'
import { TriportError } from '../errors.js'
import { unknownName } from '../suggest.js'

/** How a job is enqueued. */
export interface EnqueueOptions {
  /** How long the job waits before it may run. */
  readonly delay?: Duration
  /** When the job may run, on the server's clock. Not together with `delay`. */
  readonly runAt?: Date
  /** Higher runs sooner: a whole number from -1,000,000 to 1,000,000. @default 0 */
  readonly priority?: number
  /** Your name for the job. While a job of this name is known in the queue, enqueuing it again gives that one. */
  readonly id?: string
  /** Overrides the task's own. */
  readonly maxRetries?: number
  /** Your database transaction, with drivers that support it: the job exists when you commit. */
  readonly tx?: unknown
}

/** When and how urgently a job runs, as the driver takes it. */
export interface Timing {
  readonly priority: number
  readonly delay: number
  readonly runAt?: number
}

const known: Readonly<Record<keyof EnqueueOptions, true>> = {
  delay: true,
  runAt: true,
  priority: true,
  id: true,
  maxRetries: true,
  tx: true,
}

const mostPriority = 1_000_000
const longestId = 1_000

/**
 * Checks the options of an `enqueue` call.
 *
 * @throws `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID`
 */
export function timingOf(options: EnqueueOptions): Timing {
  for (const name of Object.keys(options)) if (!Object.hasOwn(known, name)) throw unknownOption(name)
  const { delay, runAt, priority = 0, id, maxRetries } = options
  if (delay !== undefined && runAt !== undefined) throw invalid('delay and runAt are both given. Leave one out.')
  if (runAt !== undefined && !(runAt instanceof Date && Number.isFinite(runAt.getTime()))) {
    throw invalid(`runAt is ${String(runAt)}. Give a valid Date.`)
  }
  if (!Number.isInteger(priority) || Math.abs(priority) > mostPriority) {
    throw invalid(`priority is ${String(priority)}. Give a whole number from -${mostPriority} to ${mostPriority}.`)
  }
  if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > longestId || id.includes('\0'))) {
    throw invalid(
      `id is ${JSON.stringify(id)?.slice(0, 80)}. Give a text of 1 to ${longestId} characters, none of them U+0000.`,
    )
  }
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
    throw invalid(`maxRetries is ${String(maxRetries)}. Give a whole number, 0 or more.`)
  }
  return {
    priority,
    delay: delay === undefined ? 0 : milliseconds(delay, 'delay'),
    ...(runAt === undefined ? {} : { runAt: runAt.getTime() }),
  }
}

function unknownOption(name: string): TriportError {
  return invalid(unknownName('option', name, Object.keys(known)))
}

function invalid(message: string): TriportError {
  return new TriportError('ERR_OPTION_INVALID', message)
}
