import type { Clock } from '../clock.js'
import type { QueueDriver } from '../ports/queue.js'
import { type Ask, answer } from '../queue/answer.js'
import type { LifeDeps } from '../queue/broadcast.js'
import { createDeadlines } from '../queue/deadlines.js'
import type { TaskRegistry } from '../queue/task.js'
import type { FlowCache } from './flow-cache.js'
import { createFlows } from './flows.js'
import { createHelpers } from './helpers.js'
import { createMembers, type Members } from './members.js'
import { createTelling } from './telling.js'

export interface WorkflowWorkerDeps extends LifeDeps {
  readonly driver: QueueDriver
  readonly clock: Clock
  readonly flowCache: FlowCache
  /** How long an answer of the driver is waited for, in milliseconds. */
  readonly lease: number
}

/** The part of a worker that knows workflows. */
export interface WorkflowWorker {
  readonly members: Members
  /** The tasks with those that are the library's own. */
  withHelpers(tasks: TaskRegistry): TaskRegistry
  close(): void
}

export function createWorkflowWorker(deps: WorkflowWorkerDeps): WorkflowWorker {
  const { driver, clock, flowCache, lease } = deps
  const ask: Ask = (call) => answer(clock, lease, call(driver))
  const flows = createFlows({ ask, cache: flowCache, clock })
  const deadlines = createDeadlines(clock)
  const moved = createTelling({ ...deps, deadlines, flows })
  // Inline, jobs are stored when they have ended.
  const enqueue = driver.supports.inline
    ? driver.enqueue
    : (jobs: Parameters<QueueDriver['enqueue']>[0]) => ask((target) => target.enqueue(jobs))
  const helpers = new Map(createHelpers({ flows, ask, enqueue }).map((task) => [task.name, task]))
  return {
    members: createMembers({ flows, report: deps.report, moved }),
    withHelpers: (tasks) => ({ ...tasks, get: (name) => helpers.get(name) ?? tasks.get(name) }),
    close: deadlines.close,
  }
}
