import type { Duration } from '../duration.js'
import { TriportError } from '../errors.js'
import type { ResourceLimits } from '../ports/isolator.js'
import type { Rooms } from '../rooms/hub.js'
import type { StandardSchema } from '../schema.js'
import { nearest } from '../suggest.js'
import type { Tracer } from '../tracer/tracer.js'
import { isHelperTask } from '../workflow/helper-tasks.js'
import type { AnyWorkflow } from '../workflow/workflow.js'
import type { WorkflowOptions } from '../workflow/workflow-options.js'
import type { BackoffOptions } from './backoff.js'
import type { EnqueueOptions } from './enqueue-options.js'
import type { TaskConcurrency } from './group.js'
import { type Isolation, isolationOf } from './isolation.js'
import type { Job } from './job.js'
import { policyOf, type TaskPolicy } from './policy.js'
import type { RetryOn } from './retry-on.js'
import type { TraceMode } from './trace-mode.js'

/** What a task is, besides its code. */
export interface TaskOptions<Name extends string = string, Validated = never> {
  /** Names the task for those who enqueue it and for the workers that run it. Unique within a runtime. */
  readonly name: Name
  /** Where its jobs wait. @default 'default' */
  readonly queue?: string
  /** How long one attempt may take. Then `ctx.signal` aborts and the attempt counts as failed. @default '5m' */
  readonly timeout?: Duration
  /**
   * How long an aborted attempt may take to return. Then the next one may begin beside it; one in a thread is ended instead.
   *
   * @default '10s'; '0ms' with `isolate`
   */
  readonly grace?: Duration
  /**
   * How long all attempts of a job may take, from when it first became due. Then `ctx.signal` aborts and the job fails; a retry that would
   * start later fails it at once. @default no bound
   */
  readonly deadline?: Duration
  /**
   * How long a job may wait for its first attempt, from when it first became due. Then it fails without having run. Retries do not count, and
   * being put back by a worker that stops does not prolong it. @default no bound
   */
  readonly expiresIn?: Duration
  /** How often a failed attempt is repeated. @default 3 */
  readonly maxRetries?: number
  /** How long to wait before a repetition. @default { delay: '1s', factor: 2, max: '1m', jitter: 0.2 } */
  readonly backoff?: BackoffOptions
  /**
   * Which errors are worth a repetition: a function, or a list of classes and of texts of `code` or `name`. Any other ends the job at once. An
   * attempt whose time is up fails with the code `ERR_TASK_TIMEOUT`. @default all but `FatalTaskError` and values that cannot be stored
   */
  readonly retryOn?: RetryOn
  /** How many of its jobs run at once, over all workers: together, or for each key. @default no bound */
  readonly concurrency?: TaskConcurrency<Validated>
  /**
   * Whether its jobs are part of the trace that enqueues them (`child`), or begin traces of their own that link to it (`link`). `auto` links
   * jobs that are to wait for more than a minute and those of an `enqueueMany` of more than 100.
   *
   * @default 'auto'
   */
  readonly trace?: TraceMode
  /**
   * `'thread'`: `run` is called in a worker thread, so that it may compute for long. The thread imports `module`, where the task must be
   * exported. When the time of an attempt and its grace are over, its thread is ended, whatever it does.
   *
   * @default called in the thread of the runtime
   */
  readonly isolate?: 'thread'
  /** With `isolate`: `import.meta.url` of the module that exports the task, or its `__filename`. */
  readonly module?: string
  /** With `isolate`: how much memory a thread may have; one that needs more ends with `ERR_THREAD_EXITED`. @default Node's own limits */
  readonly resourceLimits?: ResourceLimits
  /** How long the record of a completed or cancelled job is kept. @default '1h' */
  readonly keepResult?: Duration
  /** How long the record of a failed job is kept. @default '7d' */
  readonly keepFailed?: Duration
  /**
   * The room in which the job's life is broadcast as `WORKFLOW_UPDATE`, from its validated input. `workflow_id` is the text
   * after the first colon. Statuses are `running`, `retrying`, `completed`, `failed`, `cancelled`, and `queued` when a worker
   * that stops puts the job back. The data is what `ctx.progress` was given, `{ result }` when the job completed and
   * the result is at most 16 KiB of JSON, and `{ error: { name, message, code } }` otherwise.
   */
  readonly room?: (input: Validated) => string
}

/** The options of a task whose input is validated. */
export interface ValidatedTaskOptions<Name extends string, Input, Validated> extends TaskOptions<Name, Validated> {
  /** Validates the input when it is enqueued and again when it runs. `run` gets the schema's output. */
  readonly input: StandardSchema<Input, Validated>
}

/** A task with its code, validated input. */
export interface ValidatedTaskDefinition<Name extends string, Input, Validated, Output>
  extends ValidatedTaskOptions<Name, Input, Validated> {
  run(input: Validated, ctx: TaskContext): Output
}

/** A task with its code. */
export interface TaskDefinition<Name extends string, Input, Output> extends TaskOptions<Name, Input> {
  readonly input?: undefined
  run(input: Input, ctx: TaskContext): Output
}

/** Code that can be run as a job. `Input` is what `enqueue` takes, `Output` what the job's result is. */
export interface Task<Name extends string = string, Input = unknown, Output = unknown> {
  readonly name: Name
  readonly queue: string
  readonly policy: TaskPolicy
  readonly input: StandardSchema | undefined
  readonly room: ((input: never) => string) | undefined
  readonly concurrency: TaskConcurrency | undefined
  readonly isolation: Isolation | undefined
  readonly run: (input: never, ctx: TaskContext) => unknown
  /** For the type checker only. */
  readonly '~types'?: { readonly input: Input; readonly output: Output }
}

/** A task of any name, input and output. */
export type AnyTask = Task

/** A task or a workflow, by its types alone. */
export interface Typed {
  readonly '~types'?: { readonly input: unknown; readonly output: unknown }
}

/** What `enqueue` takes for a task or a workflow. */
export type InputOf<T extends Typed> = T extends { readonly '~types'?: { readonly input: infer Input } } ? Input : never

/** What the jobs of a task result in, or a whole workflow. */
export type OutputOf<T extends Typed> = T extends { readonly '~types'?: { readonly output: infer Output } }
  ? Output
  : never

/** The task of this name among `Tasks`; for a name that the type checker does not know, any task of which it knows none. */
export type TaskNamed<Tasks extends readonly AnyTask[], Name> = [
  Extract<Tasks[number], { readonly name: Name }>,
] extends [never]
  ? NamedAtRunTime<Tasks[number]>
  : Extract<Tasks[number], { readonly name: Name }>

/** The tasks whose names the type checker does not know: those of `tasksOf`. */
export type NamedAtRunTime<T extends AnyTask> = T extends AnyTask ? (string extends T['name'] ? T : never) : never

/** The task that is meant by a task or by the name of one of `Tasks`. */
export type TaskMeant<Tasks extends readonly AnyTask[], T> = T extends AnyTask ? T : TaskNamed<Tasks, T>

/** Input and options of `enqueue`; the input may be left out where none is taken. */
export type EnqueueArguments<Input, Options = EnqueueOptions> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options]

/** What `enqueue` takes after a task or a workflow. */
export type ArgumentsFor<T extends AnyTask | AnyWorkflow> = [T] extends [AnyWorkflow]
  ? EnqueueArguments<InputOf<T>, WorkflowOptions>
  : EnqueueArguments<InputOf<T>>

/** What a running task has at hand. Its members may be taken apart. */
export interface TaskContext {
  readonly jobId: string
  /** The `id` that the caller gave to `enqueue`, if any. */
  readonly key: string | undefined
  /** Which attempt this is: 1 for the first. Attempts that ended with a crash of their worker count. */
  readonly attempt: number
  /**
   * Aborts when the attempt has to end: its time is up (`ERR_TASK_TIMEOUT`), that of the job is (`ERR_JOB_DEADLINE`), the job was cancelled (`ERR_JOB_CANCELLED`), the
   * worker stops (`ERR_WORKER_STOPPING`), or another worker may have the job (`ERR_LEASE_LOST`).
   */
  readonly signal: AbortSignal
  /**
   * Stores how far the job is, and broadcasts it when the task has a room. Failures of the backend are reported, not thrown.
   *
   * @param percent 0 to 100.
   * @throws `ERR_OPTION_INVALID`, `ERR_VALUE_UNSUPPORTED`
   */
  readonly progress: (percent: number, data?: object) => Promise<void>
  /**
   * Adds a line to the job's log, which keeps the latest 100 and is read with `job.log()`. Never throws: of a message, and of data as
   * text, the first 2,000 characters are kept, and failures of the backend are reported. What was logged is stored before
   * the job ends; a line may be there twice when the backend did not answer.
   */
  readonly log: (message: string, data?: unknown) => void
  /** Enqueues another job or a workflow, in the trace of this one. */
  readonly enqueue: <T extends AnyTask | AnyWorkflow>(task: T, ...args: ArgumentsFor<T>) => Promise<Job<OutputOf<T>>>
  readonly rooms: Rooms
  readonly tracer: Tracer
}

/**
 * Declares a task.
 *
 * @throws `ERR_TASK_INVALID` with every problem in `details.problems`.
 * @example
 * export const resize = defineTask({ name: 'resize', async run(input: { url: string }, ctx) { ... } })
 */
export function defineTask<const Name extends string, Input, Validated, Output>(
  definition: ValidatedTaskDefinition<Name, Input, Validated, Output>,
): Task<Name, Input, Awaited<Output>>
export function defineTask<const Name extends string, Input, Output>(
  definition: TaskDefinition<Name, Input, Output>,
): Task<Name, Input, Awaited<Output>>
export function defineTask(definition: TaskOptions & { readonly input?: unknown; readonly run: Task['run'] }): AnyTask {
  const policy = policyOf(definition)
  const { name, queue = 'default', input, room, concurrency, run } = definition
  return Object.freeze({
    name,
    queue,
    policy,
    input: input as StandardSchema | undefined,
    room,
    concurrency,
    isolation: isolationOf(definition),
    run: run.bind(definition),
  })
}

/** The tasks of a runtime, by name. */
export interface TaskRegistry {
  readonly tasks: readonly AnyTask[]
  /** The queues of all tasks, each once. */
  readonly queues: readonly string[]
  get(name: string): AnyTask | undefined
  /** @throws `ERR_TASK_UNKNOWN` */
  named(name: string): AnyTask
  /** How long the record of a completed or cancelled job of this task is kept, in milliseconds. */
  keepResult(name: string): number
}

/** How long the record of a completed or cancelled job is kept whose task is not registered here, in milliseconds. */
export const keepOfUnknown = 3_600_000

/** @throws `ERR_TASK_INVALID` when two tasks have the same name, or one has a name of the library. */
export function taskRegistry(tasks: readonly AnyTask[]): TaskRegistry {
  const byName = new Map<string, AnyTask>()
  for (const task of tasks) {
    if (isHelperTask(task.name)) {
      throw new TriportError(
        'ERR_TASK_INVALID',
        `Task "${task.name}" has a name of the library. Call it something else.`,
      )
    }
    if (byName.has(task.name)) {
      throw new TriportError('ERR_TASK_INVALID', `Two tasks are named "${task.name}". Give each its own name.`)
    }
    byName.set(task.name, task)
  }
  return {
    tasks,
    queues: [...new Set(tasks.map(({ queue }) => queue))],
    get: (name) => byName.get(name),
    keepResult: (name) => byName.get(name)?.policy.keepResult ?? keepOfUnknown,
    named: (name) => byName.get(name) ?? unknownTask(name, [...byName.keys()]),
  }
}

function unknownTask(name: string, names: readonly string[]): never {
  const guess = nearest(String(name), names)
  const known = names.length === 0 ? 'No tasks are registered.' : `Known: ${names.join(', ')}.`
  throw new TriportError(
    'ERR_TASK_UNKNOWN',
    `Unknown task ${JSON.stringify(name)}.${guess ? ` Did you mean "${guess}"?` : ''} ${known} Pass it in \`tasks\`.`,
    { details: { task: name } },
  )
}
