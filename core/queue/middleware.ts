import type { EnqueueOptions } from './enqueue-options.js'
import type { Job } from './job.js'
import type { AnyTask, TaskContext } from './task.js'

/** A job that is about to be enqueued. */
export interface EnqueueCall {
  readonly task: AnyTask
  readonly input: unknown
  readonly options: EnqueueOptions
}

/** An attempt that is about to run. */
export interface RunCall {
  readonly task: AnyTask
  /** The validated input. */
  readonly input: unknown
  readonly ctx: TaskContext
}

/** Code around every job of a runtime. The first of a list is the outermost. */
export interface Middleware {
  /**
   * Around each `enqueue`, and each item of `enqueueMany`, before it is checked. May pass another call on, and may reject instead. A
   * workflow is one call, of the task `triport.workflow`.
   *
   * @param next Enqueues the job, through the middleware behind this one.
   */
  enqueue?(call: EnqueueCall, next: (call: EnqueueCall) => Promise<Job>): Promise<Job>
  /**
   * Around the code of each attempt. What it returns is the job's result, what it rejects with the attempt's error.
   *
   * @param next Runs the code, through the middleware behind this one, with this input instead when one is given.
   */
  run?(call: RunCall, next: (input?: unknown) => Promise<unknown>): Promise<unknown>
}

/** The middleware of a runtime as one function each; `undefined` where there is none, so that it costs nothing. */
export interface MiddlewareChain {
  readonly enqueue: ((call: EnqueueCall, last: (call: EnqueueCall) => Promise<Job>) => Promise<Job>) | undefined
  readonly run: ((call: RunCall, last: (input: unknown) => unknown) => Promise<unknown>) | undefined
}

export const noMiddleware: MiddlewareChain = { enqueue: undefined, run: undefined }

export function chainMiddleware(middleware: readonly Middleware[]): MiddlewareChain {
  return {
    enqueue: middleware.reduceRight<MiddlewareChain['enqueue']>((inner, each) => {
      if (!each.enqueue) return inner
      const enqueue = each.enqueue.bind(each)
      return (call, last) => enqueue(call, (passed) => (inner ? inner(passed, last) : last(passed)))
    }, undefined),
    run: middleware.reduceRight<MiddlewareChain['run']>((inner, each) => {
      if (!each.run) return inner
      const run = each.run.bind(each)
      return async (call, last) =>
        run(call, async (...given) => {
          const input = given.length > 0 ? given[0] : call.input
          return inner ? inner({ ...call, input }, last) : last(input)
        })
    }, undefined),
  }
}

/** What is wrong with the `middleware` of a configuration. */
export function problemsOfMiddleware(middleware: unknown): string[] {
  if (middleware === undefined) return []
  if (!Array.isArray(middleware)) return ['middleware is not an array. Pass middleware: [{ run(call, next) { … } }].']
  return middleware.flatMap((each: Partial<Record<keyof Middleware, unknown>> | null, index) => {
    const parts = [each?.enqueue, each?.run].filter((part) => part !== undefined)
    if (parts.length > 0 && parts.every((part) => typeof part === 'function')) return []
    return [`middleware[${index}] has no function enqueue or run. Give at least one of them.`]
  })
}
