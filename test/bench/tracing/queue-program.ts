// Jobs per second of computing through the memory queue, from the enqueue to the end, in a process of its own.

import { createRuntime, defineTask } from '../../../drivers/index.js'
import { type Payload, payloadOf } from '../bench-queue.js'
import { answer, cpuSeconds, question } from '../program.js'
import { createTally } from '../tally.js'

interface Question {
  readonly count: number
  /** The share of traces that is kept. Left out, tracing is off. */
  readonly sampling?: number
  readonly endpoint: string
}

const { count, sampling, endpoint } = question<Question>()
const tracer =
  sampling === undefined ? ({ driver: 'noop' } as const) : ({ driver: 'opentelemetry', endpoint, sampling } as const)

async function rate(): Promise<number> {
  const tally = createTally(count)
  const task = defineTask({ name: 'bench', run: async (input: Payload) => tally.ran(input.number) })
  const drivers = { queue: { driver: 'memory' }, rooms: { driver: 'memory' }, tracer, metrics: false } as const
  const runtime = await createRuntime({ tasks: [task], ...drivers, worker: { concurrency: 100 } }).start()
  const remaining = async () => {
    const { waiting, delayed, active } = await runtime.queue.counts('default')
    return waiting + delayed + active
  }
  let next = 0
  const enqueue = async () => {
    while (next < count) await runtime.queue.enqueue(task, payloadOf(next++))
  }
  const start = cpuSeconds()
  await Promise.all(Array.from({ length: 100 }, enqueue))
  await tally.ended({ remaining })
  const took = cpuSeconds() - start
  await runtime.stop()
  return count / took
}

/** The best of some rounds, after two that do not count: what else the machine did is not the cost of tracing. */
const rates: number[] = []
for (let round = 0; round < 8; round++) rates.push(await rate())
answer(Math.max(...rates.slice(2)))
