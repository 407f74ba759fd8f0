import type { RuntimeConfig } from '../../core/config.js'
import type { EnqueueOptions } from '../../core/queue/enqueue-options.js'
import { type AnyTask, defineTask } from '../../core/queue/task.js'
import { type BuiltinDrivers, createRuntime } from '../../drivers/index.js'
import { verify } from './harness.js'

export const inFlight = 100
export const concurrency = 100
export const payload = { workflowId: '0190c0de-cafe', step: 3, options: { seed: 42, steps: 1_000 } }

export interface Counting {
  readonly worker: boolean
  /** Called at the start of every attempt. */
  readonly before?: (attempt: number) => Promise<void> | undefined
  readonly config?: Pick<RuntimeConfig<BuiltinDrivers, readonly AnyTask[]>, 'middleware' | 'tracer' | 'report'>
}

/** A runtime with one task that counts the completed runs of each job, and writes nothing. */
export async function counting(options: Counting) {
  const runs = new Map<string, number>()
  let startedAt = 0
  const noop = defineTask({
    name: 'noop',
    backoff: { delay: '0ms' },
    async run(_input: typeof payload, ctx) {
      startedAt = performance.now()
      await options.before?.(ctx.attempt)
      runs.set(ctx.jobId, (runs.get(ctx.jobId) ?? 0) + 1)
    },
  })
  const runtime = await createRuntime({
    tasks: [noop],
    queue: { driver: 'memory', keepFinished: 1_000_000 },
    tracer: { driver: 'noop' },
    rooms: { driver: 'memory' },
    worker: options.worker ? { concurrency } : false,
    ...options.config,
  }).start()
  return {
    enqueue: () => runtime.queue.enqueue(noop, payload),
    /** 1,000 per call. */
    async enqueueMany(count: number, options: EnqueueOptions = {}) {
      for (let sent = 0; sent < count; sent += 1_000) {
        const length = Math.min(1_000, count - sent)
        await runtime.queue.enqueueMany(Array.from({ length }, () => ({ task: noop, input: payload, options })))
      }
    },
    counts: () => runtime.queue.counts('default'),
    startedAt: () => startedAt,
    /** Resolves once `count` jobs have ended, after checking that each ran once. */
    async ended(count: number) {
      while ((await runtime.queue.counts('default')).completed < count) await turn()
      verify('jobs that ran', runs.size, count)
      verify(
        'runs',
        [...runs.values()].reduce((sum, times) => sum + times, 0),
        count,
      )
    },
    close: () => runtime.stop(),
  }
}

/** Calls per second of `work`, which makes `count` of them. */
export async function timed(count: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (count / (performance.now() - start)) * 1_000
}

/** Makes `count` calls, of which `inFlight` are under way at a time. */
export async function pumped(count: number, call: () => Promise<unknown>): Promise<void> {
  let made = 0
  const lane = async () => {
    while (made < count) {
      made++
      await call()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

export function gateOnce() {
  let open: () => void = () => {}
  let opened = false
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    /** Nothing to wait for once it is open: the gate must not cost what is measured. */
    wait: () => (opened ? undefined : promise),
    open() {
      opened = true
      open()
    },
  }
}

/** Lets the event loop turn once. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
