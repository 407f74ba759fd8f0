import { type Duration, milliseconds } from '../duration.js'
import { messageOf, TriportError } from '../errors.js'
import { isSchema } from '../schema.js'
import { unknownKeys } from '../suggest.js'
import { type Backoff, type BackoffOptions, backoffOf, defaultBackoff, problemsOfBackoff } from './backoff.js'
import { problemsOfConcurrency } from './group.js'
import { type IsolationOptions, problemsOfIsolation } from './isolation.js'
import { problemsOfRetryOn, type RetryOn, retryTest } from './retry-on.js'
import { type TraceMode, traceModes } from './trace-mode.js'

/** How a task is run. Times are in milliseconds, and infinite where there is no limit. */
export interface TaskPolicy {
  readonly timeout: number
  readonly grace: number
  readonly deadline: number
  readonly expiresIn: number
  readonly maxRetries: number
  readonly backoff: Backoff
  /** Whether an error is worth another attempt. */
  readonly retryOn: ((error: unknown) => boolean) | undefined
  readonly trace: TraceMode
  readonly keepResult: number
  readonly keepFailed: number
}

type Numbers = Partial<Pick<TaskPolicy, 'timeout' | 'deadline' | 'expiresIn' | 'maxRetries'>>

interface Definition extends IsolationOptions {
  readonly name: string
  readonly queue?: string
  readonly timeout?: Duration
  readonly grace?: Duration
  readonly deadline?: Duration
  readonly expiresIn?: Duration
  readonly maxRetries?: number
  readonly backoff?: BackoffOptions
  readonly retryOn?: RetryOn
  readonly concurrency?: unknown
  readonly trace?: TraceMode
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
  if (typeof definition !== 'object' || definition === null) {
    throw invalid(undefined, [`Its definition is of type ${typeof definition}. Pass an object: { name, run }.`])
  }
  const { maxRetries = 3, backoff, retryOn } = definition
  const problems = [
    ...problemsOfShape(definition),
    ...problemsOfBackoff(backoff),
    ...problemsOfRetryOn(retryOn),
    ...problemsOfConcurrency(definition.concurrency),
    ...problemsOfIsolation(definition),
  ]
  const read = (duration: Duration, option: string) => {
    try {
      return milliseconds(duration, option)
    } catch (error) {
      problems.push(messageOf(error))
      return Number.NaN // It is not zero either, and must not be told twice.
    }
  }
  const limit = (duration: Duration | undefined, option: string) =>
    duration === undefined ? Number.POSITIVE_INFINITY : read(duration, option)
  const policy = {
    timeout: read(definition.timeout ?? '5m', 'timeout'),
    grace: read(definition.grace ?? (definition.isolate === undefined ? '10s' : '0ms'), 'grace'),
    deadline: limit(definition.deadline, 'deadline'),
    expiresIn: limit(definition.expiresIn, 'expiresIn'),
    maxRetries,
    backoff: { ...defaultBackoff, ...backoffOf(backoff ?? {}, read) },
    retryOn: retryOn && retryTest(retryOn),
    trace: definition.trace ?? 'auto',
    keepResult: read(definition.keepResult ?? '1h', 'keepResult'),
    keepFailed: read(definition.keepFailed ?? '7d', 'keepFailed'),
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
  deadline: true,
  expiresIn: true,
  maxRetries: true,
  backoff: true,
  retryOn: true,
  concurrency: true,
  trace: true,
  isolate: true,
  module: true,
  resourceLimits: true,
  keepResult: true,
  keepFailed: true,
  input: true,
  room: true,
  run: true,
}

function problemsOfShape(definition: Definition): string[] {
  const { name, queue, input, room, run, trace } = definition
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
  if (trace !== undefined && !traceModes.includes(trace)) {
    problems.push(`trace is ${JSON.stringify(trace)}. Known: ${traceModes.join(', ')}.`)
  }
  if (input !== undefined && !isSchema(input)) {
    problems.push('input is no Standard Schema. Give a schema of zod, valibot, arktype or the like.')
  }
  return problems
}

/** What is wrong with times and counts, of a task or of one job. */
export function problemsOfNumbers({ timeout, deadline, expiresIn, maxRetries }: Numbers): string[] {
  const problems: string[] = []
  if (timeout === 0) problems.push('timeout is 0. Give the time that one attempt may take.')
  if (deadline === 0) problems.push('deadline is 0. Give the time that all attempts may take, or leave it out.')
  if (expiresIn === 0) problems.push('expiresIn is 0. Give the time for which a job may wait, or leave it out.')
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
    problems.push(`maxRetries is ${String(maxRetries)}. Give a whole number, 0 or more.`)
  }
  return problems
}

function invalid(name: unknown, problems: readonly string[]): TriportError {
  const list = problems.length === 1 ? ` ${problems[0]}` : problems.map((problem) => `\n- ${problem}`).join('')
  return new TriportError('ERR_TASK_INVALID', `Task ${JSON.stringify(name)} is invalid:${list}`, {
    details: { problems },
  })
}
