import { defineTask } from '../../core/queue/task.js'
import { createRuntime } from '../../drivers/index.js'
import { bareQueue } from './bare-queue.js'
import { quantile, type Subject, verify, type Workload } from './harness.js'
import { peer } from './peers.js'

const inFlight = 100
const concurrency = 100
const payload = { workflowId: '0190c0de-cafe', step: 3, options: { seed: 42, steps: 1_000 } }

interface Sizes {
  readonly enqueue: number
  readonly bulk: number
  readonly drain: number
  readonly pickup: number
  readonly roundtrip: number
}

const full: Sizes = { enqueue: 20_000, bulk: 50_000, drain: 100_000, pickup: 2_000, roundtrip: 20_000 }

/** The queue's workloads on the memory driver. `share` of the full size is for a quick look. */
export async function queueWorkloads(share = 1): Promise<Workload[]> {
  const fastq = await peer<{ default: Fastq }>('fastq')
  const size = (name: keyof Sizes) => Math.max(inFlight, Math.round(full[name] * share))
  const workload = (bench: string, unit: Workload['unit'], subjects: Workload['subjects']): Workload => ({
    bench,
    driver: 'memory',
    unit,
    subjects,
  })
  return [
    workload('queue.enqueue', 'jobs/s', {
      triport: () => enqueueOnes(size('enqueue')),
      control: () => bareEnqueue(size('enqueue')),
    }),
    workload('queue.bulk', 'jobs/s', {
      triport: () => enqueueBulk(size('bulk')),
      control: () => bareEnqueue(size('bulk')),
    }),
    workload('queue.drain', 'jobs/s', { triport: () => drain(size('drain')), control: () => bareDrain(size('drain')) }),
    workload('queue.pickup', 'us', {
      triport: () => pickup(size('pickup')),
      control: () => barePickup(size('pickup')),
    }),
    workload('queue.roundtrip', 'jobs/s', {
      triport: () => roundtrip(size('roundtrip')),
      control: () => bareRoundtrip(size('roundtrip')),
      ...(fastq ? { fastq: () => fastqRoundtrip(fastq.default, size('roundtrip')) } : {}),
    }),
  ]
}

/** The part of fastq that is measured. */
interface Fastq {
  promise(
    worker: (payload: unknown) => Promise<unknown>,
    concurrency: number,
  ): { push(payload: unknown): Promise<unknown> }
}

/** A runtime with one task that counts the runs of each job, and writes nothing. */
async function counting(options: { readonly worker: boolean; readonly before?: () => Promise<void> | undefined }) {
  const runs = new Map<string, number>()
  let startedAt = 0
  const noop = defineTask({
    name: 'noop',
    async run(_input: typeof payload, ctx) {
      startedAt = performance.now()
      runs.set(ctx.jobId, (runs.get(ctx.jobId) ?? 0) + 1)
      await options.before?.()
    },
  })
  const runtime = await createRuntime({
    tasks: [noop],
    queue: { driver: 'memory', keepFinished: 1_000_000 },
    tracer: { driver: 'noop' },
    rooms: { driver: 'memory' },
    worker: options.worker ? { concurrency } : false,
  }).start()
  return {
    enqueue: () => runtime.queue.enqueue(noop, payload),
    enqueueMany: (count: number) =>
      runtime.queue.enqueueMany(Array.from({ length: count }, () => ({ task: noop, input: payload }))),
    counts: async () => (await runtime.inspect()).queues.default,
    startedAt: () => startedAt,
    /** Resolves once `count` jobs have ended, after checking that each ran once. */
    async ended(count: number) {
      while (((await runtime.inspect()).queues.default?.completed ?? 0) < count) await turn()
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

async function enqueueOnes(count: number): Promise<Subject> {
  const { enqueue, counts, close } = await counting({ worker: false })
  return {
    close,
    async run() {
      const rate = await timed(count, () => pumped(count, enqueue))
      verify('waiting jobs', (await counts())?.waiting ?? 0, count)
      return rate
    },
  }
}

async function enqueueBulk(count: number): Promise<Subject> {
  const { enqueueMany, counts, close } = await counting({ worker: false })
  return {
    close,
    async run() {
      const rate = await timed(count, async () => {
        for (let sent = 0; sent < count; sent += 1_000) await enqueueMany(Math.min(1_000, count - sent))
      })
      verify('waiting jobs', (await counts())?.waiting ?? 0, count)
      return rate
    },
  }
}

/** Claims, handlers and settlements alone: all jobs wait behind a gate when the clock starts. */
async function drain(count: number): Promise<Subject> {
  const gate = gateOnce()
  const { enqueueMany, ended, close } = await counting({ worker: true, before: gate.wait })
  return {
    close,
    async run() {
      for (let sent = 0; sent < count; sent += 1_000) await enqueueMany(Math.min(1_000, count - sent))
      return timed(count, () => {
        gate.open()
        return ended(count)
      })
    },
  }
}

/** Microseconds from the call of `enqueue` to the start of the handler, one job at a time: the median. */
async function pickup(count: number): Promise<Subject> {
  const { enqueue, startedAt, ended, close } = await counting({ worker: true })
  return {
    close,
    async run() {
      const delays: number[] = []
      for (let i = 0; i < count; i++) {
        const called = performance.now()
        const job = await enqueue()
        await job.result({ timeout: '10s' })
        delays.push((startedAt() - called) * 1_000)
      }
      await ended(count)
      return quantile(delays, 0.5)
    },
  }
}

/** Enqueue and wait for the result, 100 in flight. */
async function roundtrip(count: number): Promise<Subject> {
  const { enqueue, ended, close } = await counting({ worker: true })
  return {
    close,
    async run() {
      const rate = await timed(count, () => pumped(count, async () => (await enqueue()).result({ timeout: '10s' })))
      await ended(count)
      return rate
    },
  }
}

async function bareEnqueue(count: number): Promise<Subject> {
  return {
    async run() {
      const queue = bareQueue(async () => undefined, concurrency)
      let stored = 0
      const rate = await timed(count, () =>
        pumped(count, async () => {
          void queue.enqueue(payload)
          stored++
        }),
      )
      verify('stored jobs', stored, count)
      return rate
    },
  }
}

async function bareDrain(count: number): Promise<Subject> {
  return {
    async run() {
      let ran = 0
      const queue = bareQueue(async () => void ran++, concurrency)
      const all = Promise.all(Array.from({ length: count }, () => queue.enqueue(payload)))
      const rate = await timed(count, async () => {
        queue.start()
        await all
      })
      verify('runs', ran, count)
      return rate
    },
  }
}

async function barePickup(count: number): Promise<Subject> {
  return {
    async run() {
      let startedAt = 0
      const queue = bareQueue(async () => {
        startedAt = performance.now()
      }, concurrency)
      queue.start()
      const delays: number[] = []
      for (let i = 0; i < count; i++) {
        const called = performance.now()
        await queue.enqueue(payload)
        delays.push((startedAt - called) * 1_000)
      }
      verify('runs', delays.length, count)
      return quantile(delays, 0.5)
    },
  }
}

async function bareRoundtrip(count: number): Promise<Subject> {
  return {
    async run() {
      let ran = 0
      const queue = bareQueue(async () => void ran++, concurrency)
      queue.start()
      const rate = await timed(count, () => pumped(count, () => queue.enqueue(payload)))
      verify('runs', ran, count)
      return rate
    },
  }
}

async function fastqRoundtrip(fastq: Fastq, count: number): Promise<Subject> {
  return {
    async run() {
      let ran = 0
      const queue = fastq.promise(async () => void ran++, concurrency)
      const rate = await timed(count, () => pumped(count, () => queue.push(payload)))
      verify('runs', ran, count)
      return rate
    },
  }
}

/** Calls per second of `work`, which makes `count` of them. */
async function timed(count: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (count / (performance.now() - start)) * 1_000
}

/** Makes `count` calls, of which `inFlight` are under way at a time. */
async function pumped(count: number, call: () => Promise<unknown>): Promise<void> {
  let made = 0
  const lane = async () => {
    while (made < count) {
      made++
      await call()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

function gateOnce() {
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
