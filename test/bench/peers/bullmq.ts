import { type BenchQueue, type Payload, payloadOf, type Run, type Use } from '../bench-queue.js'

interface Job {
  readonly data: Payload
  waitUntilFinished(events: Ready, ttl: number): Promise<unknown>
}

interface Ready {
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
  setMaxListeners(count: number): void
}

interface Queue extends Ready {
  add(name: string, data: Payload, options: object): Promise<Job>
  addBulk(jobs: readonly { readonly name: string; readonly data: Payload; readonly opts: object }[]): Promise<Job[]>
  getJobCounts(...states: string[]): Promise<Readonly<Record<string, number>>>
}

/** The part of `bullmq` that is measured. */
export interface BullMq {
  readonly Queue: new (name: string, options: object) => Queue
  readonly Worker: new (name: string, run: (job: Job) => Promise<unknown>, options: object) => Ready
  readonly QueueEvents: new (name: string, options: object) => Ready
}

export async function bullMq(library: BullMq, connection: object, use: Use, run?: Run): Promise<BenchQueue> {
  const queue = new library.Queue('bench', { connection })
  const worker =
    run && new library.Worker('bench', async ({ data }) => run(data.number), { connection, concurrency: 200 })
  const events = use === 'roundtrip' ? new library.QueueEvents('bench', { connection }) : undefined
  for (const part of [queue, worker, events]) {
    part?.setMaxListeners(0)
    await part?.waitUntilReady()
  }
  // Whoever waits for a result reads the job once more, and fails when it is gone.
  const options = { removeOnComplete: use === 'roundtrip' ? { count: 1_000 } : true }
  return {
    enqueue: (number) => queue.add('bench', payloadOf(number), options),
    enqueueMany: (numbers) =>
      queue.addBulk(numbers.map((number) => ({ name: 'bench', data: payloadOf(number), opts: options }))),
    async call(number) {
      const job = await queue.add('bench', payloadOf(number), options)
      return events && job.waitUntilFinished(events, 10_000)
    },
    async remaining() {
      const counts = await queue.getJobCounts('wait', 'active', 'delayed')
      return Object.values(counts).reduce((sum, count) => sum + count, 0)
    },
    async close() {
      for (const part of [worker, events, queue]) await part?.close()
    },
  }
}
