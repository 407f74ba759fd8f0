import { createEmitter, type Unsubscribe } from '../emitter.js'
import { invalidOption, TriportError } from '../errors.js'
import type { Late } from '../late.js'
import type { JobSignal, QueueDriver, QueueListener } from '../ports/queue.js'
import type { Report } from '../report.js'
import { unknownName } from '../suggest.js'
import type { Ask } from './answer.js'
import { openListener } from './listening.js'

/** What can happen to a job. `lease_lost`: its worker could not keep it, and another one may have it. */
export type JobEventName =
  | 'enqueued'
  | 'started'
  | 'progressed'
  | 'completed'
  | 'retried'
  | 'failed'
  | 'cancelled'
  | 'lease_lost'

const names: Readonly<Record<JobEventName, true>> = {
  enqueued: true,
  started: true,
  progressed: true,
  completed: true,
  retried: true,
  failed: true,
  cancelled: true,
  lease_lost: true,
}

/** Something that happened to a job. */
export interface JobEvent {
  readonly type: JobEventName
  readonly id: string
  readonly task: string
  readonly queue: string
  /** How many attempts have begun. */
  readonly attempts: number
}

/** Something that this process did to a job. */
export interface LocalJobEvent extends JobEvent {
  /** What the task returned, with `completed`. */
  readonly result?: unknown
  /** Why, with `retried`, `failed`, `cancelled` and `lease_lost`. */
  readonly error?: unknown
}

/** Listens to jobs. */
export interface JobEventSource {
  /**
   * Calls `listener` for each event of this kind until the returned function is called. What it throws or rejects with is reported.
   *
   * From the `process`: what this process does, told with result and error when the queue has confirmed it. From `everywhere`: what any
   * process does to jobs in the queues of the registered tasks. Like all signals, one may be missed while a link is down.
   *
   * @param options `from` is `'process'` unless it is given.
   * @throws `ERR_OPTION_INVALID`; `ERR_UNSUPPORTED` for `everywhere` when the running driver has no events.
   */
  on(type: JobEventName, listener: (event: LocalJobEvent) => void, options?: FromProcess): Unsubscribe
  on(type: JobEventName, listener: (event: JobEvent) => void, options: FromEverywhere): Unsubscribe
}

/** Listen to what this process does. */
export interface FromProcess {
  readonly from?: 'process'
}

/** Listen to what any process does, with drivers that have `supports.events`. */
export interface FromEverywhere {
  readonly from: 'everywhere'
}

/** The events of a runtime. */
export interface JobEvents extends JobEventSource {
  /** Whether this process listens to what it does: lets the caller skip building the event. */
  has(type: JobEventName): boolean
  emit(event: LocalJobEvent): void
  /** Subscribes at the driver when somebody listens everywhere. */
  open(): Promise<void>
  close(): Promise<void>
}

export interface JobEventsDeps {
  readonly driver: Late<QueueDriver>
  readonly ask: Ask
  readonly queues: readonly string[]
  readonly report: Report
}

type Events = Record<JobEventName, LocalJobEvent>

export function createJobEvents({ driver, ask, queues, report }: JobEventsDeps): JobEvents {
  const local = createEmitter<Events>(report)
  const global = createEmitter<Events>(report)
  let wanted = false
  let closed = false
  let listener: Promise<QueueListener> | undefined

  function subscribe(): Promise<QueueListener> {
    listener ??= openListener(ask, { queues, signals: { event: tell } })
    return listener
  }

  function tell({ type, deliveries, ...job }: JobSignal): void {
    if (type === 'released') return
    const name = type === 'lapsed' ? 'lease_lost' : type
    global.emit(name, { type: name, ...job, attempts: deliveries })
  }

  function everywhere(): void {
    const running = driver.peek()
    if (running) checkEvents(running)
    wanted = true
    if (!running || closed || listener) return
    subscribe().catch((error) => {
      listener = undefined
      report(error, { stage: 'queue.events' })
    })
  }

  return {
    has: local.has,
    emit: (event) => local.emit(event.type, event),
    on(type, heard, options) {
      checkListener(type, heard)
      const from = fromOf(options)
      if (from === 'process') return local.on(type, heard)
      everywhere()
      return global.on(type, heard)
    },
    async open() {
      closed = false
      if (!wanted) return
      checkEvents(driver.get())
      await subscribe()
    },
    async close() {
      closed = true
      const open = await listener?.catch(() => undefined) // A failed subscription was reported.
      listener = undefined
      if (open) await ask(() => open.close())
    },
  }
}

function checkListener(type: JobEventName, heard: unknown): void {
  if (!Object.hasOwn(names, type)) {
    throw invalidOption(unknownName('event', type, Object.keys(names)))
  }
  if (typeof heard !== 'function') {
    throw invalidOption(`on("${type}") got no function to call. Give a listener.`)
  }
}

function fromOf({ from = 'process' }: FromProcess | FromEverywhere = {}): 'process' | 'everywhere' {
  if (from === 'process' || from === 'everywhere') return from
  throw invalidOption(`from is ${JSON.stringify(from)}. Write 'process' or 'everywhere'.`)
}

function checkEvents({ name, supports }: QueueDriver): void {
  if (supports.events) return
  throw new TriportError(
    'ERR_UNSUPPORTED',
    `The ${name} queue does not tell events of other processes. Listen with from: 'process', in each of them.`,
  )
}
