import { type BenchQueue, type Payload, payloadOf, type Run } from '../bench-queue.js'
import { peer } from '../peers.js'

interface Fastq {
  readonly default: {
    promise(
      worker: (payload: Payload) => Promise<unknown>,
      concurrency: number,
    ): { push(payload: Payload): Promise<unknown>; length(): number; idle(): boolean }
  }
}

/** Functions in a process: no records, no results kept. */
export async function fastq(concurrency: number) {
  const library = await peer<Fastq>('fastq')
  return library && ((run: Run) => queueOf(library, run, concurrency))
}

function queueOf(library: Fastq, run: Run, concurrency: number): BenchQueue {
  const queue = library.default.promise(async ({ number }) => run(number), concurrency)
  return {
    enqueue: async (number) => void queue.push(payloadOf(number)),
    enqueueMany: async (numbers) => {
      for (const number of numbers) void queue.push(payloadOf(number))
    },
    call: (number) => queue.push(payloadOf(number)),
    remaining: async () => (queue.idle() ? 0 : 1),
    close: async () => {},
  }
}
