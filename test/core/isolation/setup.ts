import type { Duration } from '../../../core/duration.js'
import { type AnyTask, defineTask, type TaskContext } from '../../../core/queue/task.js'
import { type Gate, gate } from '../../kit/spy.js'
import { createRunning, type Setup } from '../queue/setup.js'
import { quick } from '../queue/tasks.js'
import { apart, type FakeIsolatorOptions, fakeIsolator, module } from './fake-isolator.js'

/** A process whose isolates find the tasks that it registers. */
export async function running<const Tasks extends readonly AnyTask[]>(
  setup: Setup<Tasks> & { readonly tasks: Tasks },
  options: Partial<FakeIsolatorOptions> = {},
) {
  const isolator = fakeIsolator({ modules: { [module]: { ...setup.tasks } }, ...options })
  return { ...(await createRunning({ isolator, ...setup })), isolator }
}

/** A task that runs apart until the test lets it end. */
export function heldApart(options: { readonly grace?: Duration } = {}) {
  const started: { readonly ctx: TaskContext; readonly gate: Gate<unknown> }[] = []
  const task = defineTask({
    name: 'held',
    ...apart,
    backoff: quick,
    timeout: '30s',
    ...options,
    run(_: unknown, ctx) {
      const end = gate<unknown>()
      started.push({ ctx, gate: end })
      return end.promise
    },
  })
  return { task, started }
}
