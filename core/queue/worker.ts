import { type Clock, within } from '../clock.js'
import { TriportError } from '../errors.js'
import { createIsolates, type Isolates } from '../isolation/isolates.js'
import type { Late } from '../late.js'
import type { JobMeasures } from '../metrics/job-measures.js'
import type { ServiceInfo } from '../ports/driver.js'
import type { Isolator } from '../ports/isolator.js'
import type { QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import type { Rooms } from '../rooms/hub.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import type { Tracer } from '../tracer/tracer.js'
import type { FlowCache } from '../workflow/flow-cache.js'
import { createWorkflowWorker } from '../workflow/workflow-worker.js'
import { createAnnouncer } from './announcer.js'
import { type Ask, answer } from './answer.js'
import { createLives } from './broadcast.js'
import { createCancellations } from './cancellations.js'
import { type ClaimLoop, createClaimLoop } from './claim-loop.js'
import type { JobEvents } from './events.js'
import { createLeaseKeeper } from './lease.js'
import { openListener } from './listening.js'
import type { LocalEnds } from './local-ends.js'
import type { LocalWakes } from './local-wakes.js'
import type { MiddlewareChain } from './middleware.js'
import { flushOutbox } from './outbox.js'
import { createPool, type Pool } from './pool.js'
import { createProgressWriter } from './progress.js'
import type { TaskQueue } from './queue.js'
import { limitsOf, type QueuesOptions } from './queue-limits.js'
import { createSettler } from './settler.js'
import type { TaskRegistry } from './task.js'
import type { HostInfo } from './worker-info.js'
import { type WorkerOptions, type WorkerSettings, workerSettings } from './worker-options.js'

export interface WorkerDeps {
  readonly driver: Late<QueueDriver>
  readonly ask: Ask
  readonly tasks: TaskRegistry
  readonly queue: TaskQueue
  readonly rooms: Rooms
  readonly tracer: Tracer
  readonly clock: Clock
  random(): number
  readonly report: Report
  readonly events: JobEvents
  readonly middleware?: MiddlewareChain
  /** Loads what isolated tasks run in. */
  readonly isolator?: (() => Promise<Isolator>) | undefined
  readonly flowCache: FlowCache
  /** How spans name the queue. @default bothNames */
  readonly messaging?: MessagingSystem
  readonly measures?: JobMeasures
  readonly instanceId: string
  readonly service: ServiceInfo
  readonly host: HostInfo
  readonly options?: WorkerOptions
  readonly queues?: QueuesOptions
  /** Whether the process stays alive until `stop()`, also while the backend is away. @default false */
  readonly keepAlive?: boolean
  /** Calls back when the turn of the event loop ends. @default queueMicrotask */
  readonly schedule?: (flush: () => void) => void
  readonly localWakes?: LocalWakes
  readonly localEnds?: LocalEnds
  /** Runs the code of an attempt: lets a runtime mark it as its own. */
  readonly enter?: <T>(fn: () => T) => T
}

/** How a worker is doing. */
export interface WorkerSnapshot {
  readonly concurrency: number
  readonly running: number
  readonly lastClaimAt?: Date
}

/** Runs the jobs of the registered tasks. */
export interface Worker {
  /** @throws what the driver rejects with. */
  start(): Promise<void>
  /**
   * Claims no more, lets what runs end for `stopTimeout`, aborts the rest and puts it back without counting the attempt.
   *
   * @throws what the driver rejects the last settlements with: their jobs run again when their leases lapse.
   */
  stop(): Promise<void>
  /** `undefined` while it is not running. */
  snapshot(): WorkerSnapshot | undefined
}

/** How long an attempt that was aborted by a stop may take to return, and whatever is closed then, in milliseconds. */
const lastWait = 1_000

/** How long a call of the driver may take while the worker stops, in milliseconds. */
const lastCall = 5_000

export function createWorker(deps: WorkerDeps): Worker {
  let session: Session | undefined
  return {
    async start() {
      session = await openSession(deps, workerSettings(deps.options))
    },
    async stop() {
      const closing = session
      session = undefined
      await closing?.close()
    },
    snapshot: () => session?.snapshot(),
  }
}

/** A worker between its start and its stop. */
interface Session {
  snapshot(): WorkerSnapshot
  close(): Promise<void>
}

async function openSession(deps: WorkerDeps, settings: WorkerSettings): Promise<Session> {
  const { tasks, clock, report, events, instanceId, schedule = queueMicrotask, enter = (fn) => fn() } = deps
  const { queues = {}, host, service, measures, localEnds } = deps
  const driver = deps.driver.get()
  const { lease, poll, stopTimeout } = settings
  const { inline } = driver.supports
  // Inline, a job that enqueues another one waits for it: any bound could let them wait for each other.
  const concurrency = inline ? Number.POSITIVE_INFINITY : settings.concurrency
  const lifeOf = createLives(deps)
  const progress = createProgressWriter({ driver, clock, report, lease, schedule })
  const { pending } = progress
  const changed = () => loop.kick()
  const attempts = () => pool.attempts
  const cancellations = createCancellations({ driver, clock, report, attempts, schedule })
  const { requestOf } = cancellations
  const keepOf = tasks.keepResult
  const settler = createSettler({ report, changed, lifeOf, events, measures, localEnds, pending, keepOf, requestOf })
  const isolates = await openIsolates(deps)
  const workflows = createWorkflowWorker({ ...deps, driver, lease })
  const pool: Pool = createPool({
    ...deps,
    tasks: workflows.withHelpers(tasks),
    members: workflows.members,
    isolates,
    lifeOf,
    settler,
    progress,
    inline,
    enter,
    worker: instanceId,
    changed,
  })
  const keeper = createLeaseKeeper({ driver, clock, report, lease, cancelled: cancellations.hear, attempts })
  const loop: ClaimLoop = createClaimLoop({
    ...deps,
    driver,
    queues: new Map(tasks.queues.map((queue) => [queue, inline ? {} : limitsOf(queues[queue])])),
    worker: instanceId,
    lease,
    poll,
    outbox: settler.outbox,
    places: concurrency,
    free: () => concurrency - pool.attempts.size,
    run: pool.run,
    cancel: cancellations.hear,
    release: settler.release,
    schedule,
    enter,
  })
  const listener = await openListener(deps.ask, {
    queues: tasks.queues,
    signals: {
      wake: loop.wake,
      cancel: loop.cancel,
      resync() {
        loop.resync()
        void keeper.renew()
      },
    },
  })
  const served = new Set(tasks.queues)
  const deafen = deps.localWakes?.listen((queue) => void (served.has(queue) && loop.wake(queue)))
  const startedAt = clock.monotonic()
  let stopping = false

  const announcer = createAnnouncer({
    ...{ driver, clock, report, id: instanceId, keepAlive: deps.keepAlive ?? false },
    self: () => ({
      ...{ host, service, queues: tasks.queues, concurrency, stopping, startedAt },
      ...{ attempts: pool.attempts, lastClaim: loop.lastClaim },
    }),
  })
  keeper.start()
  loop.start()
  announcer.start()

  return {
    snapshot() {
      const running = pool.attempts.size
      if (loop.lastClaim === undefined) return { concurrency, running }
      return { concurrency, running, lastClaimAt: new Date(clock.now() - clock.monotonic() + loop.lastClaim) }
    },
    async close() {
      stopping = true
      announcer.announce()
      deafen?.()
      await within(clock, lastCall, loop.quiet())
      await emptyPool(pool, clock, stopTimeout)
      await within(clock, lastCall, settler.posted())
      try {
        await answer(clock, lastCall, loop.stop())
        await flushOutbox(settler.outbox, (settlements) => answer(clock, lastCall, driver.settle(settlements)))
      } finally {
        await within(clock, lastWait, settler.told())
        keeper.stop()
        pool.close()
        if (isolates) await within(clock, lastWait, isolates.close())
        workflows.close()
        await announcer.withdraw()
        await within(clock, lastWait, listener.close())
      }
    },
  }
}

/** Only when there is a task to be isolated: it may cost the loading of a module. */
async function openIsolates({ isolator, ...deps }: WorkerDeps): Promise<Isolates | undefined> {
  const task = deps.tasks.tasks.find(({ isolation }) => isolation)
  if (!task) return undefined
  if (isolator) return createIsolates({ ...deps, isolator: await isolator() })
  throw new TriportError('ERR_UNSUPPORTED', `Task "${task.name}" asks for a thread, and this platform has none.`)
}

/** Waits for what runs, then aborts it, ends its threads, and settles what has not returned. */
async function emptyPool(pool: Pool, clock: Clock, timeout: number): Promise<void> {
  await within(clock, timeout, pool.idle())
  pool.abort()
  await within(clock, lastWait, pool.idle())
  pool.detach()
  await within(clock, lastWait, pool.idle())
  pool.detach()
}
