import { invalidOption } from '../errors.js'
import type { JobState } from '../ports/job.js'
import { checkKeys, unknownName } from '../suggest.js'
import type { JobStatus } from './job.js'
import { queueName } from './policy.js'

/** Which jobs of one queue. */
export interface JobFilter {
  readonly queue: string
  /** Only jobs of the task of this name. @default all tasks */
  readonly task?: string
  /** At most this many, 1 or more. @default all of them */
  readonly max?: number
}

/** Which jobs to list. */
export interface JobListOptions extends JobFilter {
  readonly state: JobState
  /** How many one page has, 1 to 1,000. @default 100 */
  readonly max?: number
  /** The `next` of the page before. @default the first page */
  readonly cursor?: string
}

/** One page of jobs. */
export interface JobList {
  /** Those that have ended come newest first. */
  readonly jobs: readonly JobStatus[]
  /** The `cursor` of the page after this one. Absent on the last page. */
  readonly next?: string
}

/** Which jobs to remove. */
export interface JobRemoval extends JobFilter {
  readonly state: Exclude<JobState, 'active'>
}

const defaultPage = 100
const largestPage = 1_000
const removable: readonly JobState[] = ['waiting', 'delayed', 'completed', 'failed', 'cancelled']
const filterKeys = ['queue', 'task', 'max']

/** @throws `ERR_OPTION_INVALID` */
export function checkQueue(queue: unknown): void {
  if (typeof queue === 'string' && queueName.test(queue)) return
  throw invalidOption(`queue is ${JSON.stringify(queue)}. Give the name of a queue, such as "default".`)
}

/** @throws `ERR_OPTION_INVALID` */
export function checkedList(options: JobListOptions): JobListOptions & { readonly max: number } {
  const { state, max = defaultPage, cursor } = checkFilter(options, [...filterKeys, 'state', 'cursor'])
  checkState(state, ['active', ...removable])
  if (max > largestPage) throw invalidOption(`max is ${max}. Give at most ${largestPage}, and read on with \`cursor\`.`)
  if (cursor !== undefined && typeof cursor !== 'string') {
    throw invalidOption(`cursor is ${JSON.stringify(cursor)}. Give the \`next\` of the page before.`)
  }
  return { ...options, max }
}

/** @throws `ERR_OPTION_INVALID` */
export function checkedFilter(options: JobFilter): Bounded<JobFilter> {
  const { max = Number.POSITIVE_INFINITY } = checkFilter(options, filterKeys)
  return { ...options, max }
}

/** @throws `ERR_OPTION_INVALID` */
export function checkedRemoval(options: JobRemoval): Bounded<JobRemoval> {
  const { state, max = Number.POSITIVE_INFINITY } = checkFilter(options, [...filterKeys, 'state'])
  if ((state as JobState) === 'active')
    throw invalidOption('state is "active". Jobs that run are not removed: cancel them first.')
  checkState(state, removable)
  return { ...options, max }
}

type Bounded<Filter extends JobFilter> = Filter & { readonly max: number }

/** Misspelt options are refused: a filter that is not applied would reach too many jobs. */
function checkFilter<Filter extends JobFilter>(filter: Filter, known: readonly string[]): Filter {
  if (typeof filter !== 'object' || filter === null)
    throw invalidOption(`The filter is ${JSON.stringify(filter)}. Give { queue: 'mail' } or the like.`)
  checkKeys(filter, known, 'option')
  const { queue, task, max } = filter
  checkQueue(queue)
  if (task !== undefined && typeof task !== 'string') {
    throw invalidOption(`task is ${JSON.stringify(task)}. Give the name of a task.`)
  }
  if (max !== undefined && !(Number.isInteger(max) && max >= 1)) {
    throw invalidOption(`max is ${String(max)}. Give a whole number, 1 or more.`)
  }
  return filter
}

function checkState(state: unknown, known: readonly string[]): void {
  if (!known.includes(String(state))) throw invalidOption(unknownName('state', state, known))
}
