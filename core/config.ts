import type { Clock } from './clock.js'
import { type Duration, milliseconds } from './duration.js'
import { messageOf, TriportError } from './errors.js'
import type { HttpConfig } from './http-config.js'
import { problemsOfHttp } from './http-config.js'
import { problemsOfMetrics } from './metrics/metrics.js'
import type { Driver, ServiceInfo } from './ports/driver.js'
import type { Meter } from './ports/meter.js'
import type { QueueDriver } from './ports/queue.js'
import type { RoomsDriver } from './ports/rooms.js'
import type { TracerDriver } from './ports/tracer.js'
import { type Middleware, problemsOfMiddleware } from './queue/middleware.js'
import { problemsOfQueues, type QueuesOptions } from './queue/queue-limits.js'
import type { AnyTask } from './queue/task.js'
import { problemsOfWorker, type WorkerOptions } from './queue/worker-options.js'
import type { Report } from './report.js'
import type { OnBrokerDown } from './rooms/outbox.js'
import type { RoomType } from './rooms/room-type.js'
import { problemsOfSchedules, type Schedule } from './schedule/schedule.js'
import { unknownKeys, unknownName } from './suggest.js'
import { type ClientSpansOptions, problemsOfClientSpans } from './tracer/client-spans.js'

/** The three things that a runtime needs a driver for. */
export type Port = 'queue' | 'tracer' | 'rooms'

const ports: readonly Port[] = ['tracer', 'queue', 'rooms']

/** One driver of a table: which options it takes, and how to make it. */
export interface DriverEntry<D extends Driver, Options extends object> {
  /** The names of the options, to tell a misspelt one from a known one. */
  readonly options: readonly (keyof Options & string)[]
  /** Makes the driver. Only now may the driver's library be imported. */
  load(options: Options): Promise<D>
}

/** The drivers of one port, by name. */
export type DriverEntries<D extends Driver> = { readonly [name: string]: DriverEntry<D, never> }

/** The drivers that `createRuntime` can choose from by name. */
export interface DriverTable {
  readonly queue: DriverEntries<QueueDriver>
  readonly tracer: DriverEntries<TracerDriver>
  readonly rooms: DriverEntries<RoomsDriver>
}

/** `{ driver: 'redis', ...its options }`, or a driver object of your own. */
export type Choice<D extends Driver, Table> =
  | D
  | {
      [Name in keyof Table & string]: Table[Name] extends DriverEntry<D, infer Options>
        ? { readonly driver: Name } & Options
        : never
    }[keyof Table & string]

/** Everything that `createRuntime` takes. All of it is optional. */
export interface RuntimeConfig<Table extends DriverTable, Tasks extends readonly AnyTask[]> {
  /** @default { name: 'triport' } */
  readonly service?: ServiceInfo
  /** The tasks that may be enqueued by name and that a worker in this process runs. */
  readonly tasks?: Tasks
  /**
   * The schedules of this service. They are stored at `start()`, and run while an instance that has them here is started: one that you
   * remove from the code stops with the last instance that has it.
   *
   * @default none
   */
  readonly schedules?: readonly Schedule[]
  /** Where jobs are stored. @default chosen from the environment */
  readonly queue?: Choice<QueueDriver, Table['queue']>
  /** Where spans go. @default chosen from the environment, else tracing is off */
  readonly tracer?: Choice<TracerDriver, Table['tracer']>
  /**
   * Whether calls of the application to others become spans: HTTP, and Redis by ioredis. Leave them out where OpenTelemetry's own
   * instrumentations make such spans.
   *
   * @default true, while tracing is on
   */
  readonly clientSpans?: boolean | ClientSpansOptions
  /**
   * What is measured, and for whom: `true` adds up in this process for `runtime.metrics.text()`, `false` measures nothing, a meter gets the
   * numbers. Left out, whoever asks gets them: `{base}/metrics` where `http.auth` is set, and what the tracer sends to.
   *
   * @default whoever asks
   */
  readonly metrics?: boolean | Meter
  /** What carries messages between nodes. @default chosen from the environment */
  readonly rooms?: Choice<RoomsDriver, Table['rooms']>
  /**
   * What to use for a port that is left out when the environment names nothing.
   *
   * @default 'memory', and 'error' when NODE_ENV is 'production'
   */
  readonly fallback?: 'memory' | 'sync' | 'error'
  /** Whether and how this process runs jobs. @default on for drivers that live in the process, off for servers */
  readonly worker?: WorkerOptions | boolean
  /** Limits of queues, by name, over all workers. @default none */
  readonly queues?: QueuesOptions
  /**
   * How long a call of `runtime.queue`, or of one of its jobs, waits for the backend. Then `enqueue` rejects with
   * `ERR_ENQUEUE_TIMEOUT`, every other call with `ERR_DRIVER_UNAVAILABLE`; both are retryable.
   *
   * @default '5s'
   */
  readonly queueTimeout?: Duration
  /** Code around every job. The first is the outermost. @default none */
  readonly middleware?: readonly Middleware[]
  /** The kinds of rooms that are declared with `defineRoom`. A room of several kinds is of the first. @default none */
  readonly roomTypes?: readonly RoomType[]
  /** What to do with messages to rooms while their broker is away. @default 'reject' */
  readonly onBrokerDown?: OnBrokerDown
  /** How the runtime is embedded in a web server. */
  readonly http?: HttpConfig
  /** Time, for tests. @default the machine's */
  readonly clock?: Clock
  /** A number in [0, 1), for tests. @default Math.random */
  readonly random?: () => number
  /** Takes failures that have no caller to reject to. @default writes one line to standard error */
  readonly report?: Report
  /** Takes the lines that say which driver was chosen and why. @default standard error, when NODE_ENV is not 'test' */
  readonly log?: (line: string) => void
}

/** A configuration whose choices of drivers nobody has looked at yet. */
export type OpenConfig<Tasks extends readonly AnyTask[] = readonly AnyTask[]> = Omit<
  RuntimeConfig<DriverTable, Tasks>,
  Port
> & {
  readonly [Name in Port]?: object
}

const known: Readonly<Record<keyof OpenConfig, true>> = {
  service: true,
  tasks: true,
  schedules: true,
  queue: true,
  tracer: true,
  clientSpans: true,
  metrics: true,
  rooms: true,
  fallback: true,
  worker: true,
  queues: true,
  queueTimeout: true,
  middleware: true,
  roomTypes: true,
  onBrokerDown: true,
  http: true,
  clock: true,
  random: true,
  report: true,
  log: true,
}

/**
 * Checks a whole configuration.
 *
 * @throws `ERR_CONFIG_INVALID` with every problem in `details.problems`.
 */
export function checkConfig(config: OpenConfig, table: DriverTable): void {
  if (typeof config !== 'object' || config === null) refuse([`It is ${String(config)}. Pass an object, or nothing.`])
  const problems = [
    ...unknownKeys(config, Object.keys(known), 'option'),
    ...problemsOfService(config.service),
    ...problemsOfTasks(config.tasks),
    ...problemsOfSchedules(config.schedules),
    ...ports.flatMap((port) => problemsOfChoice(port, config[port], table[port])),
    ...problemsOfOneOf('fallback', config.fallback, ['memory', 'sync', 'error']),
    ...problemsOfClientSpans(config.clientSpans),
    ...problemsOfMetrics(config.metrics),
    ...problemsOfWorker(config.worker),
    ...problemsOfQueues(config.queues, queuesOf(config.tasks)),
    ...problemsOfDuration('queueTimeout', config.queueTimeout),
    ...problemsOfMiddleware(config.middleware),
    ...problemsOfRoomTypes(config.roomTypes),
    ...problemsOfOneOf('onBrokerDown', config.onBrokerDown, ['reject', 'buffer', 'local']),
    ...problemsOfHttp(config.http),
  ]
  refuse(problems)
}

/** @throws `ERR_CONFIG_INVALID` when there are problems. */
export function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return
  const list = problems.length === 1 ? ` ${problems[0]}` : problems.map((problem) => `\n- ${problem}`).join('')
  throw new TriportError('ERR_CONFIG_INVALID', `The configuration is invalid:${list}`, { details: { problems } })
}

/** Whether a choice names a driver of the table, rather than being one. */
export function isNamed(choice: object): choice is { readonly driver: string } {
  return 'driver' in choice
}

function problemsOfService(service: ServiceInfo | undefined): string[] {
  if (service === undefined || (typeof service.name === 'string' && service.name !== '')) return []
  return ['service.name is missing. Give the name of your service, such as "orders".']
}

function problemsOfTasks(tasks: readonly AnyTask[] | undefined): string[] {
  if (tasks === undefined) return []
  if (!Array.isArray(tasks)) return ['tasks is not an array. Pass tasks: [myTask].']
  const names = tasks.map((task: AnyTask | undefined) => (task?.policy ? task.name : undefined))
  const wrong = names.flatMap((name, index) =>
    name === undefined ? [`tasks[${index}] is no task. Make it with defineTask.`] : [],
  )
  const twice = names.filter((name, index) => name !== undefined && names.indexOf(name) !== index)
  return [
    ...wrong,
    ...[...new Set(twice)].map((name) => `tasks has two tasks named "${name}". Give each its own name.`),
  ]
}

function queuesOf(tasks: readonly (AnyTask | undefined)[] | undefined): string[] {
  return Array.isArray(tasks) ? [...new Set(tasks.flatMap((task?: AnyTask) => task?.queue ?? []))] : []
}

function problemsOfChoice(port: Port, choice: unknown, entries: DriverEntries<Driver>): string[] {
  if (choice === undefined) return []
  const names = Object.keys(entries).join(', ')
  if (typeof choice !== 'object' || choice === null) {
    return [
      `${port} is ${JSON.stringify(choice)}. Write { driver: name } with one of ${names}, or pass a driver object.`,
    ]
  }
  if (!isNamed(choice)) {
    const isDriver = typeof (choice as Partial<Driver>).name === 'string'
    return isDriver ? [] : [`${port}.driver is missing. Known: ${names}.`]
  }
  const entry = Object.hasOwn(entries, choice.driver) ? entries[choice.driver] : undefined
  if (entry === undefined) return [unknownName(`${port} driver`, choice.driver, Object.keys(entries))]
  return unknownKeys(choice, ['driver', ...entry.options], `option of the ${choice.driver} ${port} driver:`)
}

function problemsOfDuration(option: string, value: Duration | undefined): string[] {
  try {
    if (value !== undefined) milliseconds(value, option)
    return []
  } catch (error) {
    return [messageOf(error)]
  }
}

function problemsOfOneOf(option: string, value: unknown, names: readonly string[]): string[] {
  return value === undefined || names.includes(String(value)) ? [] : [unknownName(option, value, names)]
}

function problemsOfRoomTypes(types: readonly RoomType[] | undefined): string[] {
  if (types === undefined) return []
  if (!Array.isArray(types)) return ['roomTypes is not an array. Pass roomTypes: [myRoom].']
  const patterns = types.map((type: RoomType | undefined) => type?.definition?.pattern)
  const wrong = patterns.flatMap((pattern, index) =>
    pattern === undefined ? [`roomTypes[${index}] is no kind of room. Make it with defineRoom.`] : [],
  )
  const twice = new Set(patterns.filter((pattern, index) => pattern && patterns.indexOf(pattern) !== index))
  return [...wrong, ...[...twice].map((pattern) => `roomTypes has "${pattern}" twice. Declare it once.`)]
}
