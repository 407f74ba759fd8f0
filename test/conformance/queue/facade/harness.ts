import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../../core/clock.js'
import { TriportError } from '../../../../core/errors.js'
import type { QueueDriver } from '../../../../core/ports/queue.js'
import type { Job, JobStatus } from '../../../../core/queue/job.js'
import type { QueuesOptions } from '../../../../core/queue/queue-limits.js'
import { type AnyTask, defineTask, type TaskContext, type TaskOptions } from '../../../../core/queue/task.js'
import type { WorkerOptions } from '../../../../core/queue/worker-options.js'
import type { Runtime } from '../../../../core/runtime.js'
import type { Schedule } from '../../../../core/schedule/schedule.js'
import { createRuntime } from '../../../../drivers/index.js'
import { memoryRooms } from '../../../../drivers/memory/rooms.js'
import { eventually } from '../../../kit/eventually.js'
import { type Gate, gate } from '../../../kit/spy.js'
import type { QueueConformance, QueueHarness } from '../harness.js'

/** Processes on one backend, and time. */
export interface Facade {
  /** Starts a process with these tasks. The first one has `harness.driver`, the others have `harness.second()`. */
  open<const Tasks extends readonly AnyTask[]>(tasks: Tasks, options?: ProcessOptions): Promise<Process<Tasks>>
  /** Moves the server's time on. */
  advance(ms: number): Promise<void>
  /** Lets the time of the processes pass until `promise` has settled. */
  wait<T>(promise: Promise<T>): Promise<T>
  /** Lets the time of the processes pass until `assertion` holds. */
  soon<T>(assertion: () => T | Promise<T>): Promise<T>
  /** Waits until the job is in this state. */
  state(job: Job, state: JobStatus['state']): Promise<JobStatus>
}

export interface ProcessOptions {
  readonly worker?: WorkerOptions | false
  readonly schedules?: readonly Schedule[]
  readonly queues?: QueuesOptions
}

/** A runtime whose link to the backend may be cut. */
export interface Process<Tasks extends readonly AnyTask[]> extends Runtime<Tasks> {
  /**
   * From now on, every call of the backend fails and no signal comes: to the others, the process is dead.
   *
   * @param what With `answers`, calls arrive, and only what they bring back is lost.
   */
  cut(what?: 'calls' | 'answers'): void
  heal(): void
}

/** Adds a claim over the facade. */
export type FacadeClaim = (name: string, run: (facade: Facade) => Promise<void>) => void

/** How long a claim waits for something, in milliseconds of the processes' time. */
const patience = 20_000
/** How far time is moved at once, in milliseconds. */
const tick = 50

export function facadeClaims({ test, create }: QueueConformance): FacadeClaim {
  return (name, run) =>
    void test(`task queue: ${name}`, async () => {
      const harness = await create()
      const { facade, close } = createFacade(harness)
      try {
        await run(facade)
      } finally {
        await close()
        await harness.stop()
      }
    })
}

function createFacade(harness: QueueHarness): { readonly facade: Facade; close(): Promise<void> } {
  const { clock } = harness
  const time = clock ? steppedTime(clock, harness.advance) : realTime
  const { wait, soon } = time
  const opened: Process<readonly AnyTask[]>[] = []

  const facade: Facade = {
    async open(tasks, options = {}) {
      const driver = opened.length > 0 && harness.second ? await harness.second() : harness.driver
      const process = openProcess({ driver, tasks, ...options, ...(clock ? { clock } : {}) })
      await process.start()
      opened.push(process as unknown as Process<readonly AnyTask[]>)
      return process
    },
    advance: (ms) => harness.advance(ms),
    ...time,
    state: (job, state) =>
      soon(async () => {
        const status = await job.status()
        assert.equal(status.state, state)
        return status
      }),
  }

  return {
    facade,
    async close() {
      // A process that was cut off cannot stop in order: that is what its claim is about.
      await wait(Promise.allSettled(opened.map((process) => process.stop())))
    },
  }
}

type Time = Pick<Facade, 'wait' | 'soon'>

const realTime: Time = {
  wait: (promise) => promise,
  soon: (assertion) => eventually(assertion, { within: patience }),
}

/** Time that stands still until it is moved. */
function steppedTime(clock: Clock, advance: (ms: number) => Promise<void>): Time {
  async function wait<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const settling = promise.finally(() => {
      settled = true
    })
    settling.catch(() => {}) // Awaited below.
    await turn()
    for (const end = clock.monotonic() + patience; !settled; await advance(tick)) {
      assert.ok(clock.monotonic() < end, `nothing came within ${patience} ms`)
    }
    return settling
  }

  async function soon<T>(assertion: () => T | Promise<T>): Promise<T> {
    for (const end = clock.monotonic() + patience; ; await advance(tick)) {
      try {
        return await assertion()
      } catch (error) {
        if (clock.monotonic() >= end) throw error
      }
    }
  }

  return { wait, soon }
}

interface Opening<Tasks extends readonly AnyTask[]> extends ProcessOptions {
  readonly driver: QueueDriver
  readonly tasks: Tasks
  readonly clock?: Clock
}

function openProcess<const Tasks extends readonly AnyTask[]>(opening: Opening<Tasks>): Process<Tasks> {
  const { driver, worker = {}, ...config } = opening
  const link = cuttable(driver)
  const runtime = createRuntime<Tasks>({
    ...config,
    queue: link.driver,
    rooms: memoryRooms(),
    tracer: { driver: 'noop' },
    worker: worker && { lease: '20s', poll: '50ms', stopTimeout: '50ms', ...worker },
    report: () => {}, // What goes wrong on purpose is reported too.
    log: () => {},
  })
  return Object.assign(runtime, { cut: link.cut, heal: link.heal })
}

/** A driver that its harness has started, as one process sees it. */
function cuttable(inner: QueueDriver): { readonly driver: QueueDriver } & Pick<Process<[]>, 'cut' | 'heal'> {
  let lost: 'nothing' | 'calls' | 'answers' = 'nothing'

  function refuse(): never {
    throw new TriportError('ERR_DRIVER_UNAVAILABLE', 'The link to the backend was cut.')
  }

  const listen: QueueDriver['listen'] = async ({ queues, signals }) => {
    const heard = Object.entries(signals).map(([name, signal]) => {
      return [name, (...args: unknown[]) => void (lost === 'nothing' && signal?.apply(signals, args))]
    })
    if (lost !== 'nothing') refuse()
    return inner.listen({ queues, signals: Object.fromEntries(heard) })
  }

  const driver = new Proxy(inner, {
    get(target, name) {
      if (name === 'start' || name === 'stop') return undefined
      if (name === 'listen') return listen
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        if (lost === 'calls') refuse()
        const answer: unknown = await value.apply(target, args)
        return lost === 'answers' ? refuse() : answer
      }
    },
  })
  return {
    driver,
    cut(what = 'calls') {
      lost = what
    },
    heal() {
      lost = 'nothing'
    },
  }
}

/** An attempt under way. */
export interface HeldAttempt {
  readonly ctx: TaskContext
  readonly input: unknown
  readonly end: Gate<unknown>
}

/** A task whose attempts run until the claim ends them, or until their signal aborts. */
export function held(options: Omit<TaskOptions<'held', unknown>, 'name' | 'room'> = {}) {
  const attempts: HeldAttempt[] = []
  const task = defineTask({
    name: 'held',
    backoff: quick,
    ...options,
    run(input: unknown, ctx) {
      const end = gate<unknown>()
      ctx.signal.addEventListener('abort', () => end.fail(ctx.signal.reason))
      attempts.push({ ctx, input, end })
      return end.promise
    },
  })
  return { task, attempts }
}

export const quick = { delay: '100ms', jitter: 0 } as const
