import { setImmediate as turn } from 'node:timers/promises'
import type { RuntimeConfig } from '../../core/config.js'
import type { JobState } from '../../core/ports/job.js'
import type { QueueDriver } from '../../core/ports/queue.js'
import type { Job, JobError } from '../../core/queue/job.js'
import type { TaskQueue } from '../../core/queue/queue.js'
import type { AnyTask, InputOf } from '../../core/queue/task.js'
import type { Runtime } from '../../core/runtime.js'
import { type BuiltinDrivers, createRuntime } from '../../drivers/index.js'
import { memoryQueue } from '../../drivers/memory/queue.js'
import { type MemoryTracer, memoryTracer } from '../../drivers/memory/tracer.js'
import { createFakeClock, type FakeClock } from './clock.js'
import { type Enqueued, type EnqueueRecorder, recordEnqueued } from './enqueued.js'
import { type ReportSpy, reportSpy } from './spy.js'

/** A configuration without what the kit brings. */
export type TestKitConfig<Tasks extends readonly AnyTask[]> = Omit<
  RuntimeConfig<BuiltinDrivers, Tasks>,
  'queue' | 'tracer' | 'clock' | 'report'
>

/** Options of `drain`. */
export interface DrainOptions {
  /** Whether time is moved on to each delayed job and retry, until none is left. @default false */
  readonly delayed?: boolean
  /** Milliseconds of real time for the jobs to end. @default 5000 */
  readonly within?: number
}

/** How many jobs ended in each way, and how many attempts are to be repeated. */
export interface Drained {
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly retried: number
}

/** A runtime in memory whose time stands still and whose jobs wait until the test wants them to run. */
export interface TestKit<Tasks extends readonly AnyTask[]> extends AsyncDisposable {
  readonly runtime: Runtime<Tasks>
  readonly queue: TaskQueue<Tasks>
  readonly clock: FakeClock
  /** Has every span that ended. */
  readonly tracer: MemoryTracer
  /** Has every failure that had no caller. */
  readonly report: ReportSpy
  /**
   * Runs every job that is due, and what those enqueue, until none is left.
   *
   * @throws when jobs are left after `within`.
   */
  drain(options?: DrainOptions): Promise<Drained>
  /** Drains, and gives the result of a job. @throws when it has not completed. */
  completed<Output>(job: Job<Output>): Promise<Output>
  /** Drains, and gives the error of a job. @throws when it has not failed. */
  failed(job: Job): Promise<JobError>
  /** What was enqueued so far with `enqueue` or `enqueueMany`, in order; of one task when it is given. */
  enqueued<T extends AnyTask>(task: T): readonly Enqueued<InputOf<T>>[]
  enqueued(): readonly Enqueued[]
  /**
   * The first job of the task, with an input that equals `input` when it is given.
   *
   * @throws when there is none, with what there is.
   */
  assertEnqueued<T extends AnyTask>(task: T, input?: InputOf<T>): Enqueued<InputOf<T>>
  /** @throws when there is one. */
  assertNotEnqueued<T extends AnyTask>(task: T, input?: InputOf<T>): void
  /** Stops the runtime, and moves time on as far as that takes. */
  stop(): Promise<void>
}

/**
 * Makes a runtime for a test, and starts it.
 *
 * @example
 * await using kit = await createTestKit({ tasks: [welcome] })
 * await signUp(kit.runtime, 'ada')
 * kit.assertEnqueued(welcome, { to: 'ada' })
 * await kit.drain()
 */
export async function createTestKit<const Tasks extends readonly AnyTask[] = readonly []>(
  config: TestKitConfig<Tasks> = {},
): Promise<TestKit<Tasks>> {
  const [clock, tracer, report, queue] = [createFakeClock(), memoryTracer(), reportSpy(), memoryQueue()]
  const recorder = recordEnqueued()
  const middleware = [...(config.middleware ?? []), recorder.middleware]
  const queues = [...new Set((config.tasks ?? []).map((task) => task.queue))]
  for (const name of queues) await queue.pause(name, true)
  const open = { log: () => {}, ...config, middleware, queue, tracer, clock, report }
  const runtime = await createRuntime<Tasks>(open as RuntimeConfig<BuiltinDrivers, Tasks>).start()
  return kitOf({ runtime, clock, tracer, report, recorder, drain: drainOf({ runtime, queue, queues, clock }) })
}

interface Parts<Tasks extends readonly AnyTask[]> {
  readonly runtime: Runtime<Tasks>
  readonly clock: FakeClock
  readonly tracer: MemoryTracer
  readonly report: ReportSpy
  readonly recorder: EnqueueRecorder
  readonly drain: TestKit<Tasks>['drain']
}

function kitOf<Tasks extends readonly AnyTask[]>(parts: Parts<Tasks>): TestKit<Tasks> {
  const { runtime, clock, recorder, drain } = parts

  /** What the runtime waits for while it stops are times of the kit's clock. */
  async function stop(): Promise<void> {
    let stopped = false
    const stopping = runtime.stop().finally(() => {
      stopped = true
    })
    stopping.catch(() => {}) // Awaited below, when it has ended.
    while (!stopped) await clock.advance(1_000)
    await stopping
  }

  return {
    ...parts,
    queue: runtime.queue,
    async completed(job) {
      await drain()
      const { state, result, error, task } = await job.status()
      if (state === 'completed') return result as never
      throw new Error(`${unlike(task, state, 'completed')}${error ? ` ${error.message}` : ''}`)
    },
    async failed(job) {
      await drain()
      const { state, error, task } = await job.status()
      if (state === 'failed' && error) return error
      throw new Error(unlike(task, state, 'failed'))
    },
    enqueued: (task?: AnyTask) => recorder.of(task) as never,
    assertEnqueued: (task, ...input) => recorder.find(task, input) as never,
    assertNotEnqueued: (task, ...input) => recorder.refute(task, input),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function unlike(task: string, state: JobState, wanted: JobState): string {
  const hint = state === 'delayed' ? ' Move time on to it first: kit.drain({ delayed: true }).' : ''
  return `The job of task "${task}" is ${state}, not ${wanted}.${hint}`
}

interface Draining {
  readonly runtime: Runtime
  readonly queue: QueueDriver
  readonly queues: readonly string[]
  readonly clock: FakeClock
}

function drainOf({ runtime, queue, queues, clock }: Draining): (options?: DrainOptions) => Promise<Drained> {
  const drained = { completed: 0, failed: 0, cancelled: 0, retried: 0 }
  for (const type of ['completed', 'failed', 'cancelled', 'retried'] as const) {
    runtime.queue.on(type, () => {
      drained[type]++
    })
  }

  async function pauseAll(paused: boolean): Promise<void> {
    for (const name of queues) await queue.pause(name, paused)
  }

  /** How many jobs are in one of these states. */
  async function count(...states: readonly ('waiting' | 'active' | 'delayed')[]): Promise<number> {
    let jobs = 0
    for (const name of queues) {
      const counts = await queue.counts(name)
      for (const state of states) jobs += counts[state]
    }
    return jobs
  }

  async function runDue(end: number): Promise<void> {
    for (;;) {
      await clock.settle()
      const left = await count('waiting', 'active')
      if (left === 0) return
      if (performance.now() > end) throw await unended(left, count)
      await turn()
    }
  }

  async function nextDue(name: string): Promise<number> {
    let due = Number.POSITIVE_INFINITY
    let cursor: string | undefined
    do {
      const page = await queue.list({ queue: name, state: 'delayed', max: 1_000, ...(cursor ? { cursor } : {}) })
      for (const { dueAt } of page.jobs) due = Math.min(due, dueAt)
      cursor = page.next
    } while (cursor)
    return due
  }

  /** Moves time on to the next delayed job. */
  async function skip(): Promise<void> {
    const dues = await Promise.all(queues.map(nextDue))
    await clock.advance(Math.max(0, Math.min(...dues) - clock.now()))
  }

  return async ({ delayed = false, within = 5_000 } = {}) => {
    const before = { ...drained }
    const end = performance.now() + within
    await pauseAll(false)
    try {
      await runDue(end)
      while (delayed) {
        const left = await count('delayed')
        if (left === 0) break
        if (performance.now() > end) throw await unended(left, count)
        await skip()
        await runDue(end)
      }
    } finally {
      await pauseAll(true)
    }
    return {
      completed: drained.completed - before.completed,
      failed: drained.failed - before.failed,
      cancelled: drained.cancelled - before.cancelled,
      retried: drained.retried - before.retried,
    }
  }
}

async function unended(
  left: number,
  count: (state: 'waiting' | 'active' | 'delayed') => Promise<number>,
): Promise<Error> {
  const [waiting, active, delayed] = [await count('waiting'), await count('active'), await count('delayed')]
  return new Error(
    `${left} job(s) have not ended. Running: ${active}, perhaps waiting for real time or for the kit's clock. Waiting: ${waiting}, perhaps for a limit. Delayed: ${delayed}, perhaps enqueued by one another for ever.`,
  )
}
