import { defineTask, type TaskContext } from '../../core/queue/task.js'
import type { TaskName } from './orders.js'

/** What a job of the program is to do: take `first` milliseconds, and in later attempts `ms`. */
export interface Work {
  readonly n: number
  readonly ms: number
  readonly first: number
}

/** A task of the program. Who only enqueues needs no `run`. */
export function programTask(name: TaskName, run: (work: Work, ctx: TaskContext) => Promise<number> = nobody) {
  return defineTask({
    name,
    queue: name,
    timeout: '5m',
    maxRetries: 20,
    backoff: { delay: '100ms', jitter: 0 },
    run,
  })
}

async function nobody(): Promise<never> {
  throw new Error('This process runs no jobs.')
}
