import { messageOf, TriportError } from '../errors.js'
import { type EnqueueOptions, termsOf } from '../queue/enqueue-options.js'
import type { AnyTask, InputOf } from '../queue/task.js'
import { unknownKeys, unknownName } from '../suggest.js'
import { isWorkflow } from '../workflow/workflow.js'
import type { MissedPolicy } from './due.js'
import { problemsOfTimes, type ScheduleTimes, type StoredTimes, timesOf } from './times.js'

/**
 * How the jobs of a schedule are enqueued. When, and under which id, is the schedule's own affair. An occurrence that finds the key of
 * `unique` taken makes no job, unless it is to `replace` the one that waits.
 */
export type ScheduleOptions = Omit<EnqueueOptions, 'id' | 'delay' | 'runAt' | 'tx' | 'debounce' | 'throttle'>

/** The input of each job; it may be left out where the task takes none. */
export type ScheduleInput<Input> = undefined extends Input ? { readonly input?: Input } : { readonly input: Input }

/** What a schedule is, besides its times and its input. */
export interface ScheduleBase<T extends AnyTask> {
  /** Unique among all who share the backend. */
  readonly name: string
  /** What each occurrence runs. */
  readonly task: T
  /**
   * What becomes of occurrences while nobody could schedule. Of several that are due together:
   *
   * - `skip`: the latest becomes a job if it is at most 60 s old.
   * - `once`: the latest becomes a job, however old it is.
   * - `all`: each becomes a job, 1,000 at most. Older ones are dropped and reported with `ERR_SCHEDULE_MISSED`.
   *
   * @default 'skip'
   */
  readonly missed?: MissedPolicy
  /** How each job is enqueued. */
  readonly options?: ScheduleOptions
}

/** What `defineSchedule` takes. */
export type ScheduleDefinition<T extends AnyTask> = ScheduleBase<T> & ScheduleTimes & ScheduleInput<InputOf<T>>

/** A task that becomes a job again and again. */
export interface Schedule {
  readonly name: string
  readonly task: AnyTask
  readonly input: unknown
  readonly times: StoredTimes
  readonly missed: MissedPolicy
  readonly options: ScheduleOptions
}

/**
 * Declares a schedule. It runs when it is in the `schedules` of a runtime's configuration, or given to `runtime.schedules.set`. Only
 * then is the input validated and the cron pattern read.
 *
 * @throws `ERR_SCHEDULE_INVALID` with every problem in `details.problems`.
 * @example
 * export const nightly = defineSchedule({ name: 'nightly', task: report, cron: '0 3 * * *', timeZone: 'Europe/Berlin' })
 */
export function defineSchedule<T extends AnyTask>(definition: ScheduleDefinition<T>): Schedule {
  refuse(definition?.name, problemsOf(definition))
  const { name, task, input, missed = 'skip', options = {} } = definition
  return Object.freeze({ name, task, input, times: timesOf(definition), missed, options })
}

/** @throws `ERR_SCHEDULE_INVALID` when there are problems. */
function refuse(name: unknown, problems: readonly string[]): void {
  if (problems.length === 0) return
  const list = problems.length === 1 ? ` ${problems[0]}` : problems.map((problem) => `\n- ${problem}`).join('')
  throw new TriportError('ERR_SCHEDULE_INVALID', `Schedule ${JSON.stringify(name)} is invalid:${list}`, {
    details: { problems },
  })
}

/** What is wrong with the `schedules` of a configuration. */
export function problemsOfSchedules(schedules: readonly Schedule[] | undefined): string[] {
  if (schedules === undefined) return []
  if (!Array.isArray(schedules)) return ['schedules is not an array. Pass schedules: [mySchedule].']
  const names = schedules.map((schedule: Schedule | undefined) => (schedule?.times ? schedule.name : undefined))
  const wrong = names.flatMap((name, index) =>
    name === undefined ? [`schedules[${index}] is no schedule. Make it with defineSchedule.`] : [],
  )
  const twice = new Set(names.filter((name, index) => name !== undefined && names.indexOf(name) !== index))
  return [...wrong, ...[...twice].map((name) => `schedules has two named "${name}". Give each its own name.`)]
}

type Definition = { readonly [Key in keyof ScheduleBase<AnyTask> | keyof ScheduleTimes | 'input']?: unknown }

const known: Readonly<Record<keyof Definition, true>> = {
  name: true,
  task: true,
  input: true,
  cron: true,
  timeZone: true,
  every: true,
  missed: true,
  options: true,
}
const policies: readonly MissedPolicy[] = ['skip', 'once', 'all']

function problemsOf(definition: Definition): string[] {
  if (typeof definition !== 'object' || definition === null) return [`It is ${String(definition)}. Pass an object.`]
  const { name, task, missed, options } = definition
  return [
    ...unknownKeys(definition, Object.keys(known), 'option'),
    ...problemsOfName(name),
    ...problemsOfTask(task),
    ...problemsOfTimes(definition),
    ...(missed === undefined || policies.includes(missed as MissedPolicy)
      ? []
      : [unknownName('missed', missed, policies)]),
    ...problemsOfOptions(options),
  ]
}

/** The same as for the names of tasks: any letters of any script, without control characters. */
const nameShape = /^\P{C}{1,200}$/u

function problemsOfName(name: unknown): string[] {
  if (typeof name === 'string' && nameShape.test(name)) return []
  return [`name is ${JSON.stringify(name)}. Give a text of 1 to 200 printable characters.`]
}

function problemsOfTask(task: unknown): string[] {
  if (isWorkflow(task)) return ['task is a workflow. Give a task that enqueues it with ctx.enqueue.']
  return typeof (task as AnyTask | undefined)?.run === 'function' ? [] : ['task is no task. Make it with defineTask.']
}

/** What the schedule decides. */
type Timing = Exclude<keyof EnqueueOptions, keyof ScheduleOptions>
const timing: readonly string[] = ['id', 'delay', 'runAt', 'tx', 'debounce', 'throttle'] satisfies Timing[]

function problemsOfOptions(options: unknown): string[] {
  if (options === undefined) return []
  if (typeof options !== 'object' || options === null) return [`options is ${String(options)}. Pass an object.`]
  const problems = timing
    .filter((name) => name in options)
    .map((name) => `options.${name} is given. Leave it out: the schedule decides it.`)
  try {
    termsOf(options)
  } catch (error) {
    problems.push(messageOf(error))
  }
  return problems
}
