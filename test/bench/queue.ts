import { bareQueue } from './bare-queue.js'
import { quantile, type Subject, verify, type Workload } from './harness.js'
import { peer } from './peers.js'
import { concurrency, counting, gateOnce, inFlight, payload, pumped, timed } from './queue-subject.js'

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

async function enqueueOnes(count: number): Promise<Subject> {
  const { enqueue, counts, close } = await counting({ worker: false })
  return {
    close,
    async run() {
      const rate = await timed(count, () => pumped(count, enqueue))
      verify('waiting jobs', (await counts()).waiting, count)
      return rate
    },
  }
}

async function enqueueBulk(count: number): Promise<Subject> {
  const { enqueueMany, counts, close } = await counting({ worker: false })
  return {
    close,
    async run() {
      const rate = await timed(count, () => enqueueMany(count))
      verify('waiting jobs', (await counts()).waiting, count)
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
      await enqueueMany(count)
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
