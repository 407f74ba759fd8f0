import type { Group } from '../ports/job.js'
import { unknownKeys } from '../suggest.js'
import { problemsOfCount } from './count.js'
import { checkedKey, keyWithin } from './key.js'

/** How many jobs of a task run at once, over all workers. */
export interface TaskConcurrency<Validated = never> {
  /** 1 or more. */
  readonly limit: number
  /**
   * Counts jobs apart: `limit` holds for those with the same text, of 1 to 1,000 characters. Jobs with different texts take turns.
   *
   * @default all jobs of the task together
   */
  readonly key?: (input: Validated) => string
}

interface Grouped {
  readonly name: string
  readonly concurrency: TaskConcurrency | undefined
}

/** @throws `ERR_OPTION_INVALID` when the key of this input is no text. */
export function groupOf({ name, concurrency }: Grouped, input: unknown): Group | undefined {
  if (!concurrency) return undefined
  const { limit, key } = concurrency
  if (!key) return { key: name, limit }
  return {
    key: keyWithin(name, checkedKey(key(input as never), `The concurrency.key of a job of task "${name}"`)),
    limit,
  }
}

/** What is wrong with the `concurrency` of a task. */
export function problemsOfConcurrency(concurrency: unknown): string[] {
  if (concurrency === undefined) return []
  if (typeof concurrency !== 'object' || concurrency === null) {
    return [`concurrency is ${JSON.stringify(concurrency)}. Give { limit } or { limit, key }.`]
  }
  const { limit, key } = concurrency as Partial<TaskConcurrency>
  const problems = [
    ...unknownKeys(concurrency, ['limit', 'key'], 'option of concurrency:'),
    ...problemsOfCount('concurrency.limit', limit),
  ]
  if (key !== undefined && typeof key !== 'function') {
    problems.push(`concurrency.key is ${JSON.stringify(key)}. Give a function from the input to a text.`)
  }
  return problems
}
