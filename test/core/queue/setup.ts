import { createIds } from '../../../core/ids.js'
import { late } from '../../../core/late.js'
import type { Isolator } from '../../../core/ports/isolator.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import { createAsk } from '../../../core/queue/answer.js'
import { createJobEvents } from '../../../core/queue/events.js'
import type { LocalEnds } from '../../../core/queue/local-ends.js'
import { createLocalWakes } from '../../../core/queue/local-wakes.js'
import { chainMiddleware, type Middleware } from '../../../core/queue/middleware.js'
import { createTaskQueue, type OwnedTaskQueue } from '../../../core/queue/queue.js'
import type { QueuesOptions } from '../../../core/queue/queue-limits.js'
import { type AnyTask, taskRegistry } from '../../../core/queue/task.js'
import { createWorker, type Worker } from '../../../core/queue/worker.js'
import type { WorkerOptions } from '../../../core/queue/worker-options.js'
import type { Rooms } from '../../../core/rooms/hub.js'
import type { Message, WorkflowUpdate } from '../../../core/rooms/messages.js'
import { createTracer } from '../../../core/tracer/tracer.js'
import { createFlowCache } from '../../../core/workflow/flow-cache.js'
import { type MemoryQueueStore, memoryQueue, memoryQueueStore } from '../../../drivers/memory/queue.js'
import { createFakeClock, type FakeClock } from '../../kit/clock.js'
import { driverContext } from '../../kit/driver-context.js'
import { type ReportSpy, reportSpy } from '../../kit/spy.js'

/** A queue and a worker on memory, under a clock that stands still. */
export interface Process<Tasks extends readonly AnyTask[]> {
  readonly queue: OwnedTaskQueue<Tasks>
  readonly worker: Worker
  readonly driver: QueueDriver
  readonly clock: FakeClock
  readonly report: ReportSpy
  /** What was broadcast: room, message. */
  readonly told: [room: string, update: WorkflowUpdate][]
  readonly store: MemoryQueueStore
}

export interface Setup<Tasks extends readonly AnyTask[]> {
  readonly tasks?: Tasks
  readonly worker?: WorkerOptions
  readonly queues?: QueuesOptions
  /** Shares jobs and time with another process. */
  readonly beside?: { readonly store: MemoryQueueStore; readonly clock: FakeClock }
  readonly tracer?: TracerDriver
  readonly broadcast?: Rooms['broadcastToRoom']
  /** Wraps the driver. */
  readonly wrap?: (driver: QueueDriver) => QueueDriver
  readonly driver?: (store: MemoryQueueStore) => QueueDriver
  readonly keepFinished?: number
  /** Of the worker. @default 'worker' */
  readonly id?: string
  readonly middleware?: readonly Middleware[]
  /** @default none: what becomes of jobs is told by the backend */
  readonly localEnds?: LocalEnds
  readonly isolator?: Isolator
}

export async function createProcess<const Tasks extends readonly AnyTask[] = readonly AnyTask[]>(
  setup: Setup<Tasks> = {},
): Promise<Process<Tasks>> {
  const clock = setup.beside?.clock ?? createFakeClock()
  const store = setup.beside?.store ?? memoryQueueStore(setup.keepFinished ? { keepFinished: setup.keepFinished } : {})
  const report = reportSpy()
  const random = () => 0.5
  const context = driverContext({ clock, report, random })
  const inner = setup.driver?.(store) ?? memoryQueue({ store })
  const driver = setup.wrap?.(inner) ?? inner
  await driver.start?.(context)
  await setup.tracer?.start?.(context)
  const place = late<QueueDriver>('The queue')
  place.set(driver)
  const spans = late<TracerDriver>('The tracer')
  spans.set(setup.tracer)
  const tracer = createTracer(spans)
  const told: Process<Tasks>['told'] = []
  const rooms = {
    async broadcastToRoom(room: string, message: Message) {
      told.push([room, message.data as WorkflowUpdate])
      return setup.broadcast?.(room, message)
    },
  } as Rooms
  const ids = createIds(clock)
  const tasks = taskRegistry(setup.tasks ?? [])
  const queueTimeout = 5_000
  const ask = createAsk(place, clock, queueTimeout)
  const events = createJobEvents({ driver: place, ask, queues: tasks.queues, report })
  const middleware = chainMiddleware(setup.middleware ?? [])
  const flowCache = createFlowCache()
  const localWakes = createLocalWakes()
  const jobs = { driver: place, ask, queueTimeout, tracer, rooms, tasks, events, middleware, flowCache, localWakes }
  const shared = { ...jobs, clock, ids, report, random, ...(setup.localEnds && { localEnds: setup.localEnds }) }
  const queue = createTaskQueue<Tasks>(shared)
  const options = setup.worker ?? {}
  const worker = createWorker({
    ...shared,
    queue: queue as OwnedTaskQueue<readonly AnyTask[]>,
    instanceId: setup.id ?? 'worker',
    service: { name: 'test' },
    host: { name: 'here', pid: 1 },
    options,
    queues: setup.queues ?? {},
    ...(setup.isolator && { isolator: async () => setup.isolator as Isolator }),
  })
  return { queue, worker, driver, clock, report, told, store }
}

/** A process whose worker runs. */
export async function createRunning<const Tasks extends readonly AnyTask[]>(
  setup: Setup<Tasks>,
): Promise<Process<Tasks>> {
  const process = await createProcess(setup)
  await process.worker.start()
  await process.clock.settle()
  return process
}
