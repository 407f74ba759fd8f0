import { type Clock, systemClock } from './clock.js'
import { checkConfig, type DriverTable, type OpenConfig, type Port, type RuntimeConfig } from './config.js'
import type { ContextStorageFactory } from './context.js'
import { announce } from './current.js'
import { milliseconds } from './duration.js'
import { type HttpConfig, httpSettings } from './http-config.js'
import { createIds } from './ids.js'
import { type DriverSnapshot, inspectBackend, type RuntimeSnapshot, tracerSnapshot } from './inspect.js'
import { createLifecycle, type LifecycleState, type Stage } from './lifecycle.js'
import { createJobMeasures } from './metrics/job-measures.js'
import { createMetrics, type Metrics } from './metrics/metrics.js'
import { observe } from './metrics/observed.js'
import { createRoomMeasures } from './metrics/room-measures.js'
import { misfits } from './misfits.js'
import { type Choosing, choiceLine, type Detect, type Env, isProduction, placement } from './placement.js'
import type { DriverContext, ServiceInfo } from './ports/driver.js'
import type { Isolator } from './ports/isolator.js'
import type { QueueDriver } from './ports/queue.js'
import type { RoomsDriver } from './ports/rooms.js'
import type { TracerDriver } from './ports/tracer.js'
import { createAsk } from './queue/answer.js'
import { createJobEvents } from './queue/events.js'
import { createLocalEnds } from './queue/local-ends.js'
import { createLocalWakes } from './queue/local-wakes.js'
import { chainMiddleware } from './queue/middleware.js'
import { createTaskQueue, type TaskQueue } from './queue/queue.js'
import { type AnyTask, taskRegistry } from './queue/task.js'
import { createWorker } from './queue/worker.js'
import type { HostInfo } from './queue/worker-info.js'
import { guarded, type Report, reportTo, sparing } from './report.js'
import { createHub, type Rooms } from './rooms/hub.js'
import type { ReadCron } from './schedule/recurrence.js'
import type { Schedules } from './schedule/schedules.js'
import { createScheduling } from './schedule/scheduling.js'
import { clientSpansStage, type WatchClients } from './tracer/client-spans.js'
import { messagingOn, messagingSystem } from './tracer/messaging.js'
import { createTracer, type Tracer } from './tracer/tracer.js'
import { createFlowCache } from './workflow/flow-cache.js'

/** What the core needs of the host that it runs on. */
export interface Platform {
  readonly contextStorage: ContextStorageFactory
  readonly env: () => Env
  readonly detect: Detect
  /** Names the machine and the process in introspection. */
  readonly host: () => HostInfo
  /** Loads what reads cron patterns. Called when a schedule has one. */
  readonly cron: () => Promise<ReadCron>
  /** Calls back once, when the current turn of the event loop has ended. */
  readonly afterTurn: (fn: () => void) => void
  /** Loads what tasks with `isolate` run in, when there is such a task. Without it they are refused at the start. */
  readonly isolator?: () => Promise<Isolator>
  /** Loads what makes spans of calls to others. Called when tracing is on. */
  readonly clients?: () => Promise<WatchClients>
  /** Shows a line to the operator. */
  readonly write: (line: string) => void
}

/** The part of a configuration that adapters read. */
export interface RuntimeSettings {
  readonly service: ServiceInfo
  readonly http: HttpConfig
  readonly clock: Clock
  readonly report: Report
  /** `NODE_ENV` was `production` when the runtime was made. */
  readonly production: boolean
}

/** Jobs, traces and rooms of one service, wired together. */
export interface Runtime<Tasks extends readonly AnyTask[] = readonly AnyTask[]> extends AsyncDisposable {
  readonly queue: TaskQueue<Tasks>
  readonly schedules: Schedules
  readonly tracer: Tracer
  readonly rooms: Rooms
  /** What it measures of itself. */
  readonly metrics: Metrics
  /** What it was made from. */
  readonly config: RuntimeSettings
  /** `running` between the end of `start()` and the beginning of `stop()`. */
  readonly state: LifecycleState
  /**
   * Loads and connects the drivers, stores the schedules of the configuration, and starts the worker. Concurrent calls share one start; after a failure it may be called
   * again.
   *
   * @throws `ERR_DRIVER_CHOICE_REQUIRED` in production when a port is left out and the environment names nothing;
   *   `ERR_PEER_MISSING`, `ERR_DRIVER_UNAVAILABLE` and what else a driver's start rejects with.
   */
  start(): Promise<this>
  /**
   * Takes no new work, lets what runs end, and closes everything in reverse order.
   *
   * @throws `ERR_STOP_FAILED` with every failure, after all was tried.
   */
  stop(): Promise<void>
  /** How it is doing right now. */
  inspect(): Promise<RuntimeSnapshot>
}

/**
 * Binds `createRuntime` to a table of drivers and a host. Add drivers of your own by name with
 * `runtimeFactory({ ...table, queue: { ...table.queue, sqs } }, platform)`, or pass a driver object to `createRuntime`.
 */
export function runtimeFactory<const Table extends DriverTable>(table: Table, platform: Platform) {
  return function createRuntime<const Tasks extends readonly AnyTask[] = readonly []>(
    config: RuntimeConfig<Table, Tasks> = {},
  ): Runtime<Tasks> {
    const open = config as OpenConfig<Tasks>
    checkConfig(open, table)
    return assemble(open, table, platform)
  }
}

/** Wires the parts. It holds no behaviour of its own. */
function assemble<Tasks extends readonly AnyTask[]>(
  config: OpenConfig<Tasks>,
  table: DriverTable,
  platform: Platform,
): Runtime<Tasks> {
  const env = platform.env()
  const log = config.log ?? (env.NODE_ENV === 'test' ? () => {} : platform.write)
  const context = driverContext(config, platform, (fn) => tracer.run('root', fn))
  const choosing: Choosing = { config, table, detect: platform.detect, env, context }
  const places = {
    tracer: placement<TracerDriver>('tracer', choosing),
    queue: placement<QueueDriver>('queue', choosing),
    rooms: placement<RoomsDriver>('rooms', choosing),
  }
  const settings: RuntimeSettings = {
    service: context.service,
    http: config.http ?? {},
    clock: context.clock,
    report: context.report,
    production: isProduction(env),
  }
  const tracer = createTracer(places.tracer.driver)
  const registry = taskRegistry(config.tasks ?? [])
  const messaging = messagingSystem(env.OTEL_SEMCONV_STABILITY_OPT_IN)
  const metrics = createMetrics({ ...context, option: config.metrics })
  const measures = createJobMeasures(metrics.meter, context.clock, messaging)
  const shared = { ...context, ids: createIds(context.clock), tracer, messaging, schedule: platform.afterTurn }
  const { limits, heartbeat } = httpSettings(config.http)
  const { roomTypes = [], onBrokerDown } = config
  const hub = createHub({
    ...{ ...shared, driver: places.rooms.driver, limits, heartbeat, roomTypes, onBrokerDown },
    measures: createRoomMeasures(metrics.meter, messaging),
  })
  const queueTimeout = milliseconds(config.queueTimeout ?? '5s', 'queueTimeout')
  const ask = createAsk(places.queue.driver, context.clock, queueTimeout)
  const events = createJobEvents({ ...shared, ask, driver: places.queue.driver, queues: registry.queues })
  const middleware = chainMiddleware(config.middleware ?? [])
  const jobs = {
    ...shared,
    messaging: messagingOn(messaging, () => places.queue.driver.peek()?.server),
    driver: places.queue.driver,
    measures,
    ask,
    queueTimeout,
    rooms: hub.rooms,
    tasks: registry,
    events,
    middleware,
    flowCache: createFlowCache(),
    localWakes: createLocalWakes(),
    localEnds: createLocalEnds(),
  }
  const queue = createTaskQueue<Tasks>(jobs)
  const { schedules, ...scheduling } = createScheduling({
    ...jobs,
    loadCron: platform.cron,
    declared: config.schedules ?? [],
  })
  const inside = context.contextStorage<true>()
  const current = { queue: queue as TaskQueue, tracer, rooms: hub.rooms }
  const worker = createWorker({
    ...jobs,
    host: platform.host(),
    queue: current.queue,
    options: typeof config.worker === 'object' ? config.worker : {},
    queues: config.queues ?? {},
    keepAlive: config.worker !== undefined, // Who asks for a worker may have nothing else in the process.
    enter: (fn) => inside.run(true, fn),
    isolator: platform.isolator,
  })

  observe(metrics.meter, {
    ...{ clock: context.clock, report: context.report, queues: registry.queues },
    ...{ queue: places.queue.driver.peek, worker: worker.snapshot, rooms: hub.rooms.inspect },
  })

  let warnings: readonly string[] = []

  function tellChoice(): void {
    const drivers = driversOf(places)
    const line = choiceLine(drivers)
    if (line !== undefined) log(line)
    warnings = misfits({
      ...{ queue: places.queue.driver.get(), rooms: places.rooms.driver.get(), tracer: places.tracer.driver.get() },
      ...{ untold: drivers.tracer?.chosenBy === 'auto', production: settings.production },
    })
    for (const warning of warnings) log(`triport warns: ${warning}`)
    const idle =
      config.worker === undefined && registry.queues.length > 0 && !runsJobs(undefined, places.queue.driver.get())
    if (idle) log(idleLine)
  }

  let withdraw: (() => void) | undefined

  function* stages(): Generator<Stage> {
    yield places.tracer.stage((driver) => metrics.use(driver.meter))
    yield places.queue.stage()
    yield places.rooms.stage(hub.attach)
    yield { name: 'choice of drivers', start: async () => tellChoice() }
    yield clientSpansStage({ tracer, report: context.report, load: platform.clients, option: config.clientSpans })
    yield { name: 'rooms', start: async () => hub.start(), stop: hub.stop }
    yield { name: 'job events', start: events.open, stop: events.close }
    yield { name: 'queue', stop: queue.close }
    yield {
      name: 'current runtime',
      start: async () => {
        withdraw = announce(current, inside)
      },
      stop: async () => withdraw?.(),
    }
    const works = runsJobs(config.worker, places.queue.driver.get())
    if (works || config.schedules?.length) yield { name: 'schedules', ...scheduling }
    if (works) yield { name: 'worker', start: worker.start, stop: worker.stop }
  }

  const lifecycle = createLifecycle(stages, context.report)
  const runtime: Runtime<Tasks> = {
    queue,
    schedules,
    tracer,
    rooms: hub.rooms,
    metrics,
    config: settings,
    get state() {
      return lifecycle.state
    },
    async start() {
      await lifecycle.start()
      return runtime
    },
    stop: lifecycle.stop,
    inspect: async (): Promise<RuntimeSnapshot> => {
      const running = worker.snapshot()
      return {
        state: lifecycle.state,
        instanceId: context.instanceId,
        service: context.service,
        drivers: driversOf(places),
        warnings,
        ...tracerSnapshot(places.tracer.driver.peek()),
        ...(await inspectBackend({
          clock: context.clock,
          driver: places.queue.driver.peek(),
          queues: registry.queues,
          workers: queue.workers,
          schedules: schedules.list,
        })),
        ...(running ? { worker: running } : {}),
        rooms: hub.rooms.inspect(),
      }
    },
    [Symbol.asyncDispose]: lifecycle.stop,
  }
  return runtime
}

function driverContext(config: OpenConfig, platform: Platform, untraced: DriverContext['untraced']): DriverContext {
  const clock = config.clock ?? systemClock
  const operator = sparing(reportTo(platform.write), clock)
  return {
    clock,
    random: config.random ?? Math.random,
    report: config.report ? guarded(config.report, operator) : operator,
    instanceId: createIds(clock).next(),
    service: config.service ?? { name: 'triport' },
    contextStorage: platform.contextStorage,
    untraced,
  }
}

/** Whoever moves a small program to a server wonders where its jobs are. */
const idleLine =
  'triport runs no jobs in this process: left out, worker is off for a queue that processes share. Set worker: true here, or start another process with it.'

/** Left out, jobs run where nobody else could: with a driver that lives in this process. */
function runsJobs(worker: OpenConfig['worker'], driver: QueueDriver): boolean {
  return worker === undefined ? !driver.supports.shared : worker !== false
}

function driversOf(places: Record<Port, { snapshot(): DriverSnapshot | undefined }>): RuntimeSnapshot['drivers'] {
  return Object.fromEntries(
    Object.entries(places).flatMap(([port, place]) => {
      const snapshot = place.snapshot()
      return snapshot ? [[port, snapshot]] : []
    }),
  )
}
