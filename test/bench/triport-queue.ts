import type { RuntimeConfig } from '../../core/config.js'
import type { EnqueueOptions } from '../../core/queue/enqueue-options.js'
import { type AnyTask, defineTask } from '../../core/queue/task.js'
import { type BuiltinDrivers, createRuntime } from '../../drivers/index.js'
import { type BenchQueue, type Payload, payloadOf } from './bench-queue.js'

type Config = RuntimeConfig<BuiltinDrivers, readonly AnyTask[]>

export interface TriportOptions {
  readonly queue: NonNullable<Config['queue']>
  /** Of the worker, which runs when there is `run`. */
  readonly concurrency: number
  readonly run?: ((number: number, attempt: number) => unknown) | undefined
  readonly config?: Pick<Config, 'middleware' | 'tracer' | 'report'>
}

export interface TriportQueue extends BenchQueue {
  enqueueMany(numbers: readonly number[], options?: EnqueueOptions): Promise<unknown>
}

/** Through the public facade, with the defaults for retries, timeouts, leases and results. */
export async function triportQueue({ queue, concurrency, run, config }: TriportOptions): Promise<TriportQueue> {
  const task = defineTask({
    name: 'bench',
    backoff: { delay: '0ms' },
    run: async (input: Payload, ctx) => run?.(input.number, ctx.attempt),
  })
  const runtime = await createRuntime({
    tasks: [task],
    queue,
    tracer: { driver: 'noop' },
    rooms: { driver: 'memory' },
    worker: run ? { concurrency } : false,
    log: () => {}, // The rooms are not used, so it does not matter that they stay in this process.
    ...config,
  }).start()
  return {
    enqueue: (number) => runtime.queue.enqueue(task, payloadOf(number)),
    enqueueMany: (numbers, options = {}) =>
      runtime.queue.enqueueMany(numbers.map((number) => ({ task, input: payloadOf(number), options }))),
    async call(number) {
      const job = await runtime.queue.enqueue(task, payloadOf(number))
      return job.result({ timeout: '10s' })
    },
    async remaining() {
      const { waiting, delayed, active } = await runtime.queue.counts('default')
      return waiting + delayed + active
    },
    close: () => runtime.stop(),
  }
}
