import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../../core/clock.js'
import { createDeadlines } from '../../core/queue/deadlines.js'
import { defineTask } from '../../core/queue/task.js'
import { chain } from '../../core/workflow/chain.js'
import { group } from '../../core/workflow/group.js'
import { step } from '../../core/workflow/step.js'
import { createRuntime } from '../../drivers/index.js'
import { type Subject, timed, verify, type Workload } from './harness.js'
import { memory } from './queue.js'
import { enqueueAll } from './queue-workloads.js'
import type { Suite } from './suite.js'
import { createGate, createTally } from './tally.js'
import { type TriportOptions, triportQueue } from './triport-queue.js'

type Config = NonNullable<TriportOptions['config']>

/** What parts of the queue cost, on the memory driver. The control of a cost is a job without any of them. */
export async function queueCostSuite(share: number): Promise<Suite> {
  const size = (full: number) => Math.max(1_000, Math.round(full * share))
  const driver = 'memory'
  const workloads: Workload[] = [
    {
      driver,
      bench: 'queue.cost',
      unit: 'ns/job',
      subjects: {
        control: () => costPerJob(size(50_000)),
        retry: () => costPerJob(size(50_000), { report() {} }, failFirst),
        'run middleware': () => costPerJob(size(50_000), { middleware: [{ run: (_, next) => next() }] }),
        tracing: () => costPerJob(size(50_000), { tracer: { driver: 'memory' } }),
        timeout: () => costOfDeadline(size(500_000)),
      },
    },
    {
      driver,
      bench: 'queue.cost.enqueue',
      unit: 'ns/job',
      subjects: {
        control: () => costOfEnqueue(size(50_000), []),
        middleware: () => costOfEnqueue(size(50_000), [{ enqueue: (call, next) => next(call) }]),
      },
    },
    { driver, bench: 'queue.due', unit: 'jobs/s', subjects: { triport: () => comingDue(size(100_000)) } },
    { driver, bench: 'queue.chord', unit: 'us', subjects: { triport: () => chordOf(size(1_000)) } },
    { driver, bench: 'queue.heap', unit: 'bytes/job', subjects: { triport: () => heapPerJob(size(100_000)) } },
  ]
  return { workloads }
}

/** Claim, attempt and settlement of a job that waits already. */
async function costPerJob(
  count: number,
  config: Config = {},
  before: (attempt: number) => void = () => {},
): Promise<Subject> {
  const gate = createGate()
  const tally = createTally(count)
  function run(number: number, attempt: number): void {
    before(attempt)
    tally.ran(number)
  }
  const queue = await triportQueue({
    ...memory,
    config,
    run: (number, attempt) => gate.pass(() => run(number, attempt)),
  })
  return {
    close: queue.close,
    async run() {
      await enqueueAll(queue, count)
      const rate = await timed(count, () => {
        gate.open()
        return tally.ended(queue)
      })
      return 1e9 / rate
    },
  }
}

function failFirst(attempt: number): void {
  if (attempt === 1) throw new Error('once more')
}

async function costOfEnqueue(count: number, middleware: NonNullable<Config['middleware']>): Promise<Subject> {
  const queue = await triportQueue({ ...memory, config: { middleware } })
  return {
    close: queue.close,
    async run() {
      const rate = await timed(count, () => enqueueAll(queue, count))
      verify('waiting jobs', await queue.remaining(), count)
      return 1e9 / rate
    },
  }
}

/** The watch over one attempt's time: set and taken back, while 100 others are set. */
async function costOfDeadline(count: number): Promise<Subject> {
  const deadlines = createDeadlines(systemClock)
  return {
    close: async () => deadlines.close(),
    async run() {
      const open = Array.from({ length: memory.concurrency }, () => ({ at: performance.now() + 300_000, due() {} }))
      for (const deadline of open) deadlines.add(deadline)
      const rate = await timed(count, async () => {
        for (let n = 0; n < count; n++) {
          const deadline = { at: performance.now() + 300_000, due() {} }
          deadlines.add(deadline)
          deadlines.delete(deadline)
        }
      })
      return 1e9 / rate
    },
  }
}

/** Delayed jobs that become due at one moment: jobs per second from then on. */
async function comingDue(count: number): Promise<Subject> {
  const tally = createTally(count)
  const queue = await triportQueue({ ...memory, run: tally.ran })
  return {
    close: queue.close,
    async run() {
      const due = Date.now() + 3_000
      await enqueueAll({ enqueueMany: (numbers) => queue.enqueueMany(numbers, { runAt: new Date(due) }) }, count)
      if (Date.now() >= due) throw new Error('The jobs became due while they were enqueued. The figure is void.')
      await tally.ended(queue)
      return (count / (Date.now() - due)) * 1_000
    },
  }
}

/** Microseconds from the enqueue of a chord to its result, the sum of what its members returned. */
async function chordOf(size: number): Promise<Subject> {
  const member = defineTask({ name: 'member', run: async (n: number) => n })
  const sum = defineTask({ name: 'sum', run: async (values: readonly number[]) => values.reduce((a, b) => a + b, 0) })
  const runtime = await createRuntime({
    tasks: [member, sum],
    queue: { driver: 'memory' },
    tracer: { driver: 'noop' },
    rooms: { driver: 'memory' },
    worker: { concurrency: memory.concurrency },
  }).start()
  return {
    close: () => runtime.stop(),
    async run() {
      const members = Array.from({ length: size }, (_, n) => step(member, n))
      const start = performance.now()
      const job = await runtime.queue.enqueue(chain(group(members), sum))
      const total = await job.result({ timeout: '30s' })
      const took = (performance.now() - start) * 1_000
      verify('sum of the members', total, (size * (size - 1)) / 2)
      return took
    },
  }
}

/** What a waiting job with a payload of 80 bytes keeps of the heap. */
async function heapPerJob(count: number): Promise<Subject> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const queue = await triportQueue(memory)
  return {
    close: queue.close,
    async run() {
      collect()
      const before = process.memoryUsage().heapUsed
      await enqueueAll(queue, count)
      collect()
      verify('waiting jobs', await queue.remaining(), count)
      return (process.memoryUsage().heapUsed - before) / count
    },
  }
}
