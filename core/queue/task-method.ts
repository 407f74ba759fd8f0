import { TriportError } from '../errors.js'
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
 * A method that overrides a marked one is the task in its place.
 *
 * No decorator can tell the type of its class what it was given, so the names and inputs of these tasks are known at run time
 * only: `enqueue('resize', input)` checks neither. `taskOf` gives one of them with its types.
 *
 * @throws `ERR_TASK_INVALID` when the options of one are wrong.
 */
export function tasksOf(instance: object): AnyTask[] {
  return Array.from(marksOf(instance), ([key, options]) => methodTask(instance, key, options))
}

/**
 * The task that `@task` marks with this method: one of `tasksOf`, with the types of the method's input and result. Where its schema
 * transforms the input, the type is that of what the method gets.
 *
 * @throws `ERR_TASK_INVALID` when `@task` does not mark the method, or its options are wrong.
 * @example
 * const images = new Images()
 * createRuntime({ tasks: tasksOf(images) })
 * await queue.enqueue(taskOf(images, 'resize'), { url: 'cat.png' })
 */
export function taskOf<T extends object, Method extends TaskMethodName<T>>(
  instance: T,
  method: Method,
): TaskOfMethod<T[Method]> {
  const options = marksOf(instance).get(method)
  if (options) return methodTask(instance, method, options) as TaskOfMethod<T[Method]>
  throw new TriportError('ERR_TASK_INVALID', `Method ${JSON.stringify(method)} is no task. Mark it with @task.`)
}

/** The names of the methods that can be tasks. */
export type TaskMethodName<T> = { [Name in keyof T]: T[Name] extends TaskMethod ? Name : never }[keyof T] & string

/** The task that a method is. */
export type TaskOfMethod<Method> = Method extends (...args: infer Arguments) => infer Output
  ? Task<string, Arguments[0], Awaited<Output>>
  : never

/** The marks of an object, those of the classes above it included. */
function marksOf(instance: object): Marks {
  const marks: Marks = new Map()
  for (let level: object | null = instance; level; level = Object.getPrototypeOf(level) as object | null) {
    for (const [key, options] of marked.get(level) ?? []) if (!marks.has(key)) marks.set(key, options)
  }
  return marks
}

function methodTask(instance: object, key: PropertyKey, options: TaskMethodOptions): AnyTask {
  const method = (instance as Record<PropertyKey, TaskMethod>)[key]
  return defineTask({ ...options, run: method?.bind(instance) } as never)
}

type Marks = Map<PropertyKey, TaskMethodOptions>

/** By the object that has the method: a prototype with legacy decorators, each instance with the others. */
const marked = new WeakMap<object, Marks>()

function mark(holder: object, key: PropertyKey, options: TaskMethodOptions): void {
  const marks = marked.get(holder) ?? new Map()
  marked.set(holder, marks.set(key, options))
}

/** Stage 3 passes the method and a context, legacy the holder, the name and a descriptor. */
function decorator(options: TaskMethodOptions): TaskDecorator {
  return (target: unknown, context: ClassMethodDecoratorContext | PropertyKey, descriptor?: PropertyDescriptor) => {
    if (typeof context !== 'object') {
      if (typeof descriptor?.value !== 'function') throw noMethod(context)
      mark(target as object, context, options)
    } else {
      const { kind, name, private: hidden } = context
      if (kind !== 'method' || hidden) throw noMethod(name)
      context.addInitializer(function (this: unknown) {
        mark(this as object, name, options)
      })
    }
  }
}

function noMethod(name: PropertyKey): TriportError {
  return new TriportError('ERR_TASK_INVALID', `@task decorates public methods, and ${String(name)} is none.`)
}
