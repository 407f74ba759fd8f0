import type { TaskConcurrency } from '../../../core/queue/group.js'
import { defineTask, type TaskContext } from '../../../core/queue/task.js'
import { type Gate, gate } from '../../kit/spy.js'

export const quick = { delay: '1s', factor: 2, jitter: 0 } as const

/** A task that runs until the test lets it end, and one gate per started attempt. */
export function held(
  options: {
    name?: string
    queue?: string
    concurrency?: TaskConcurrency<unknown>
    deadline?: `${number}s`
    timeout?: `${number}s`
    grace?: `${number}s`
    maxRetries?: number
    keepResult?: `${number}s`
  } = {},
) {
  const started: { ctx: TaskContext; gate: Gate<unknown> }[] = []
  const task = defineTask({
    name: 'held',
    backoff: quick,
    ...options,
    run(_: unknown, ctx) {
      const end = gate<unknown>()
      started.push({ ctx, gate: end })
      return end.promise
    },
  })
  return { task, started }
}

/** A task that ends when its signal aborts. */
export const obedient = defineTask({
  name: 'obedient',
  backoff: quick,
  run: (_: unknown, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
})
