import { inspect, isDeepStrictEqual } from 'node:util'
import type { EnqueueOptions } from '../../core/queue/enqueue-options.js'
import type { Job } from '../../core/queue/job.js'
import type { Middleware } from '../../core/queue/middleware.js'
import type { AnyTask } from '../../core/queue/task.js'

/** One call of `enqueue`, or one item of `enqueueMany`, that was accepted. */
export interface Enqueued<Input = unknown> {
  /** The task's name. */
  readonly task: string
  readonly input: Input
  readonly options: EnqueueOptions
  readonly job: Job
}

/** Remembers what was enqueued. */
export interface EnqueueRecorder {
  readonly middleware: Middleware
  of(task: AnyTask | undefined): readonly Enqueued[]
  /** @param input Empty, or the one to look for. @throws when there is none. */
  find(task: AnyTask, input: readonly unknown[]): Enqueued
  /** @throws when there is one. */
  refute(task: AnyTask, input: readonly unknown[]): void
}

export function recordEnqueued(): EnqueueRecorder {
  const all: Enqueued[] = []

  function of(task: AnyTask | undefined): readonly Enqueued[] {
    return task ? all.filter((each) => each.task === task.name) : [...all]
  }

  function matching(task: AnyTask, wanted: readonly unknown[]): Enqueued | undefined {
    return of(task).find(({ input }) => wanted.length === 0 || isDeepStrictEqual(input, wanted[0]))
  }

  return {
    of,
    middleware: {
      async enqueue(call, next) {
        const job = await next(call)
        const { task, input, options } = call
        all.push({ task: task.name, input, options, job })
        return job
      },
    },
    find(task, input) {
      const found = matching(task, input)
      if (found) return found
      throw new Error(`No job of task "${task.name}"${wantedText(input)} was enqueued. ${listed(task, of(task), all)}`)
    },
    refute(task, input) {
      const found = matching(task, input)
      if (found) throw new Error(`A job of task "${task.name}" was enqueued with ${inspect(found.input)}.`)
    },
  }
}

function wantedText(input: readonly unknown[]): string {
  return input.length > 0 ? ` with ${inspect(input[0])}` : ''
}

function listed({ name }: AnyTask, jobs: readonly Enqueued[], all: readonly Enqueued[]): string {
  if (all.length === 0) return 'Nothing was enqueued.'
  if (jobs.length === 0) return `Enqueued were jobs of: ${[...new Set(all.map(({ task }) => task))].join(', ')}.`
  return `Inputs of "${name}": ${jobs.map(({ input }) => inspect(input)).join(', ')}.`
}
