import type { StandardSchema } from '../schema.js'
import {
  type AnyTask,
  defineTask,
  type Task,
  type TaskContext,
  type TaskOptions,
  type ValidatedTaskOptions,
} from './task.js'

/** A method that can be a task. */
export type TaskMethod = (input: never, ctx: TaskContext) => unknown

/** Marks a method as a task, as a stage 3 decorator and as a legacy one (`experimentalDecorators`). */
export interface TaskDecorator {
  <This, Method extends TaskMethod>(method: Method, context: ClassMethodDecoratorContext<This>): void
  <Method extends TaskMethod>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void
}

/** The options of `@task`. */
export type TaskMethodOptions = TaskOptions & { readonly input?: StandardSchema }

/**
 * Declares a task whose code stands apart from its options.
 *
 * @throws `ERR_TASK_INVALID` with every problem in `details.problems`.
 * @example const resize = task({ name: 'resize', timeout: '1m' }, async (input: { url: string }) => { ... })
 */
export function task<const Name extends string, Input, Validated, Output>(
  options: ValidatedTaskOptions<Name, Input, Validated>,
  run: (input: Validated, ctx: TaskContext) => Output,
): Task<Name, Input, Awaited<Output>>
export function task<const Name extends string, Input, Output>(
  options: TaskOptions<Name, Input> & { readonly input?: undefined },
  run: (input: Input, ctx: TaskContext) => Output,
): Task<Name, Input, Awaited<Output>>
/**
 * Marks a method as a task; `tasksOf(instance)` gives the tasks of an object to `createRuntime`. The method can still be
 * called as it is.
 *
 * @example
 * class Images {
 *   @task({ name: 'resize' })
 *   async resize(input: { url: string }, ctx: TaskContext) { ... }
 * }
 * createRuntime({ tasks: tasksOf(new Images()) })
 */
export function task(options: TaskMethodOptions): TaskDecorator
export function task(
  options: TaskOptions & { readonly input?: StandardSchema | undefined },
  run?: TaskMethod,
): AnyTask | TaskDecorator {
  return run ? defineTask({ ...options, run } as never) : decorator(options as TaskMethodOptions)
}

/**
 * The tasks that `@task` marks on an object, its class and the classes above it; for a class itself, on its static methods.
 *
 * @throws `ERR_TASK_INVALID` when the options of one are wrong.
 */
export function tasksOf(instance: object): AnyTask[] {
  const methods = new Map<PropertyKey, TaskMethod>()
  for (let level: object | null = instance; level; level = Object.getPrototypeOf(level) as object | null) {
    for (const key of Reflect.ownKeys(level)) {
      const method: unknown = Object.getOwnPropertyDescriptor(level, key)?.value
      if (typeof method === 'function' && !methods.has(key)) methods.set(key, method as TaskMethod)
    }
  }
  return [...methods.values()].flatMap((method) => {
    const options = marked.get(method)
    return options ? [defineTask({ ...options, run: method.bind(instance) } as never)] : []
  })
}

const marked = new WeakMap<TaskMethod, TaskMethodOptions>()

/** Stage 3 passes the method first, legacy the prototype and a descriptor. */
function decorator(options: TaskMethodOptions): TaskDecorator {
  return (methodOrTarget: unknown, _context: unknown, descriptor?: TypedPropertyDescriptor<TaskMethod>) => {
    marked.set(descriptor?.value ?? (methodOrTarget as TaskMethod), options)
  }
}
