import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchQueue, Contender, Run, Use } from './bench-queue.js'
import { quantile, type Sample, type Subject, timed, type Unit, verify, type Workload } from './harness.js'
import { createGate, createTally } from './tally.js'

/** How much of each there is. */
export interface QueueLoad extends Readonly<Record<Use, number>> {
  /** Calls of `enqueue` under way at a time. */
  readonly enqueuesInFlight: number
  /** Results waited for at a time. */
  readonly roundtripsInFlight: number
  /** Milliseconds of peace before each job of `pickup`. */
  readonly peace: number
}

export interface QueueMeasure {
  readonly driver: string
  readonly load: QueueLoad
  /** By name. */
  readonly contenders: Readonly<Record<string, Contender>>
  /** @default every use */
  readonly uses?: readonly Use[]
  /** @default milliseconds */
  readonly pickupUnit?: 'us' | 'ms'
  readonly bars?: { readonly [Name in Use]?: Readonly<Record<string, number>> }
}

const every: readonly Use[] = ['enqueue', 'bulk', 'drain', 'pickup', 'roundtrip']
/** Jobs per call of `enqueueMany`. */
const chunk = 1_000
/** Jobs before those of `pickup` that count. */
const warmup = 20
/** A result that takes longer is lost, in milliseconds. */
const lost = 10_000

/** The queue's workloads, the same for every driver. */
export function queueWorkloads({ driver, load, contenders, uses = every, pickupUnit, bars }: QueueMeasure): Workload[] {
  return uses.map((use) => ({
    bench: `queue.${use}`,
    driver,
    unit: use === 'pickup' ? (pickupUnit ?? 'ms') : 'jobs/s',
    subjects: Object.fromEntries(
      Object.entries(contenders)
        .filter(([, contender]) => contender.uses?.includes(use) ?? true)
        .map(([name, contender]) => [name, () => measures[use]({ contender, name, load, unit: pickupUnit ?? 'ms' })]),
    ),
    ...(bars?.[use] ? { bars: bars[use] } : {}),
  }))
}

interface Setting {
  readonly contender: Contender
  readonly name: string
  readonly load: QueueLoad
  readonly unit: Unit
}

const measures: Readonly<Record<Use, (setting: Setting) => Promise<Subject>>> = {
  enqueue: ({ contender, load }) =>
    subject(contender.open('enqueue'), async (queue) => {
      const rate = await timed(load.enqueue, () => pumped(load.enqueue, load.enqueuesInFlight, queue.enqueue))
      verify('waiting jobs', await queue.remaining(), load.enqueue)
      return rate
    }),

  bulk: ({ contender, load }) =>
    subject(contender.open('bulk'), async (queue) => {
      const rate = await timed(load.bulk, () => enqueueAll(queue, load.bulk))
      verify('waiting jobs', await queue.remaining(), load.bulk)
      return rate
    }),

  /** Claims, handlers and settlements alone: all jobs wait when the clock starts, the first ones in their handlers. */
  drain({ contender, load }) {
    const gate = createGate()
    const tally = createTally(load.drain)
    const run: Run = (number) => gate.pass(() => tally.ran(number))
    return subject(contender.open('drain', run), async (queue) => {
      await enqueueAll(queue, load.drain)
      return timed(load.drain, () => {
        gate.open()
        return tally.ended(queue)
      })
    })
  },

  /** From the call of `enqueue` to the start of the handler, one job at a time. */
  pickup({ contender, load, unit }) {
    const count = warmup + load.pickup
    const tally = createTally(count)
    let started: (at: number) => void = () => {}
    const run: Run = (number) => {
      started(performance.now())
      tally.ran(number)
    }
    return subject(contender.open('pickup', run), async (queue) => {
      const delays: number[] = []
      for (let number = 0; number < count; number++) {
        await sleep(load.peace)
        const start = new Promise<number>((resolve) => {
          started = resolve
        })
        const called = performance.now()
        const [at] = await Promise.all([start, queue.enqueue(number)])
        delays.push((at - called) * (unit === 'us' ? 1_000 : 1))
      }
      await tally.ended(queue)
      const counted = delays.slice(warmup)
      return { p50: quantile(counted, 0.5), p99: quantile(counted, 0.99) }
    })
  },

  /** Enqueue and wait for the result. */
  roundtrip({ contender, name, load }) {
    const { roundtrip: count, roundtripsInFlight } = load
    const tally = createTally(count)
    const run: Run = (number) => {
      tally.ran(number)
      return number
    }
    return subject(contender.open('roundtrip', run), async (queue) => {
      let right = 0
      let last = 0
      const start = performance.now()
      await pumped(count, roundtripsInFlight, async (number) => {
        if ((await orLost(queue.call?.(number))) !== number) return
        right++
        last = performance.now()
      })
      await tally.ended(queue)
      if (!queue.losesResults) verify('results', right, count)
      else if (right < count) console.error(`${name} lost ${count - right} of ${count} results.`)
      return (right / (last - start)) * 1_000
    })
  },
}

async function subject(opening: Promise<BenchQueue>, run: (queue: BenchQueue) => Promise<Sample>): Promise<Subject> {
  const queue = await opening
  return { run: () => run(queue), close: () => queue.close() }
}

/** Stores jobs 0 to `count`, a thousand per call. */
export async function enqueueAll(queue: Pick<BenchQueue, 'enqueueMany'>, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += chunk) {
    await queue.enqueueMany(Array.from({ length: Math.min(chunk, count - sent) }, (_, index) => sent + index))
  }
}

/** Calls with the numbers below `count`, of which `inFlight` are under way at a time. */
async function pumped(count: number, inFlight: number, call: (number: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) await call(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

/** `undefined` when the result does not come in time. */
async function orLost(result: Promise<unknown> | undefined): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, lost, undefined)
  })
  try {
    return await Promise.race([result, late])
  } finally {
    clearTimeout(timer)
  }
}
