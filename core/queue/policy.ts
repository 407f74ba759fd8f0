import { type Duration, milliseconds } from '../duration.js'
import { messageOf, TriportError } from '../errors.js'
import { unknownKeys } from '../suggest.js'

/** How the wait grows from one repetition to the next: `delay`, `delay * factor`, `delay * factor²`, never above `max`. */
export interface BackoffOptions {
  /** @default '1s' */
  readonly delay?: Duration
  /** 1 or more. @default 2 */
  readonly factor?: number
  /** @default '1m' */
  readonly max?: Duration
  /** Spreads each wait by up to this share of it in both directions: 0 to 1. @default 0.2 */
  readonly jitter?: number
}

/** How a task is run, in milliseconds. */
export interface TaskPolicy {
  readonly timeout: number
  readonly grace: number
  readonly maxRetries: number
  readonly backoff: { readonly delay: number; readonly factor: number; readonly max: number; readonly jitter: number }
  readonly keepResult: number
  readonly keepFailed: number
}

interface Definition {
  readonly name: string
  readonly queue?: string
  readonly timeout?: Duration
  readonly grace?: Duration
  readonly maxRetries?: number
  readonly backoff?: BackoffOptions
  readonly keepResult?: Duration
  readonly keepFailed?: Duration
  readonly input?: unknown
  readonly room?: unknown
  readonly run?: unknown
}

/**
 * Checks a definition and reads its policy.
 *
 * @throws `ERR_TASK_INVALID` with every problem in `details.problems`.
 */
export function policyOf(definition: Definition): TaskPolicy {
  const problems = problemsOfShape(definition)
  const read = (option: string, duration: Duration) => {
    try {
      return milliseconds(duration, option)
    } catch (error) {
      problems.push(messageOf(error))
      return Number.NaN // It is not zero either, and must not be told twice.
    }
  }
  const { maxRetries = 3, backoff = {} } = definition
  const policy = {
    timeout: read('timeout', definition.timeout ?? '5m'),
    grace: read('grace', definition.grace ?? '10s'),
    maxRetries,
    backoff: {
      delay: read('backoff.delay', backoff.delay ?? '1s'),
      factor: backoff.factor ?? 2,
      max: read('backoff.max', backoff.max ?? '1m'),
      jitter: backoff.jitter ?? 0.2,
    },
    keepResult: read('keepResult', definition.keepResult ?? '1h'),
    keepFailed: read('keepFailed', definition.keepFailed ?? '7d'),
  }
  problems.push(...problemsOfNumbers(policy))
  if (problems.length > 0) throw invalid(definition.name, problems)
  return policy
}

/** Any letters of any script, without control characters. */
const taskName = /^\P{C}{1,200}$/u
/** What every backend can have in the name of a queue. */
export const queueName = /^[\w.\-/]{1,100}$/

const known: Readonly<Record<keyof Definition, true>> = {
  name: true,
  queue: true,
  timeout: true,
  grace: true,
  maxRetries: true,
  backoff: true,
  keepResult: true,
  keepFailed: true,
  input: true,
  room: true,
  run: true,
}

function problemsOfShape(definition: Definition): string[] {
  const { name, queue, input, room, run } = definition
  const problems = unknownKeys(definition, Object.keys(known), 'option')
  if (typeof name !== 'string' || !taskName.test(name)) {
    problems.push(`name is ${JSON.stringify(name)}. Give a text of 1 to 200 printable characters.`)
  }
  if (queue !== undefined && (typeof queue !== 'string' || !queueName.test(queue))) {
    problems.push(`queue is ${JSON.stringify(queue)}. Use 1 to 100 letters, digits and _ . - / such as "mail".`)
  }
  if (typeof run !== 'function') problems.push('run is no function. Give the code of the task.')
  if (room !== undefined && typeof room !== 'function') {
    problems.push(`room is ${JSON.stringify(room)}. Give a function from the input to the room's name.`)
  }
  if (
    input !== undefined &&
    typeof (input as { '~standard'?: { validate?: unknown } })?.['~standard']?.validate !== 'function'
  ) {
    problems.push('input is no Standard Schema. Give a schema of zod, valibot, arktype or the like.')
  }
  return problems
}

function problemsOfNumbers({ timeout, maxRetries, backoff }: TaskPolicy): string[] {
  const problems: string[] = []
  if (timeout === 0) problems.push('timeout is 0. Give the time that one attempt may take.')
  if (!Number.isInteger(maxRetries) || maxRetries < 0) {
    problems.push(`maxRetries is ${String(maxRetries)}. Give a whole number, 0 or more.`)
  }
  if (!(backoff.factor >= 1)) problems.push(`backoff.factor is ${String(backoff.factor)}. Give a number from 1 on.`)
  if (!(backoff.jitter >= 0 && backoff.jitter <= 1)) {
    problems.push(`backoff.jitter is ${String(backoff.jitter)}. Give a number from 0 to 1.`)
  }
  return problems
}

function invalid(name: unknown, problems: readonly string[]): TriportError {
  const list = problems.length === 1 ? ` ${problems[0]}` : problems.map((problem) => `\n- ${problem}`).join('')
  return new TriportError('ERR_TASK_INVALID', `Task ${JSON.stringify(name)} is invalid:${list}`, {
    details: { problems },
  })
}
