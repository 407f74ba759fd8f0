import { type BenchQueue, type Payload, payloadOf, type Run, type Use } from '../bench-queue.js'

interface Job {
  readonly data: Payload
  save(): Promise<unknown>
  on(event: 'succeeded', listener: (result: unknown) => void): void
}

interface Queue {
  ready(): Promise<unknown>
  createJob(data: Payload): Job
  saveAll(jobs: readonly Job[]): Promise<ReadonlyMap<Job, Error>>
  process(concurrency: number, run: (job: Job) => Promise<unknown>): void
  checkHealth(): Promise<{ readonly waiting: number; readonly active: number }>
  close(timeout: number): Promise<void>
}

/** The part of `bee-queue` that is measured. */
export interface BeeQueue {
  readonly default: new (name: string, settings: object) => Queue
}

export async function beeQueue({ default: Bee }: BeeQueue, redis: object, use: Use, run?: Run): Promise<BenchQueue> {
  const events = use === 'roundtrip'
  const settings = { redis, getEvents: events, sendEvents: events, storeJobs: events, removeOnSuccess: true }
  const queue = new Bee('bench', { ...settings, isWorker: run !== undefined })
  await queue.ready()
  if (run) queue.process(200, async ({ data }) => run(data.number))
  return {
    enqueue: (number) => queue.createJob(payloadOf(number)).save(),
    async enqueueMany(numbers) {
      const [failed] = (await queue.saveAll(numbers.map((number) => queue.createJob(payloadOf(number))))).values()
      if (failed) throw failed
    },
    async call(number) {
      const job = queue.createJob(payloadOf(number))
      const result = new Promise((resolve) => job.on('succeeded', resolve))
      await job.save()
      return result
    },
    async remaining() {
      const { waiting, active } = await queue.checkHealth()
      return waiting + active
    },
    close: () => queue.close(1_000),
    losesResults: true, // Of a job that ends before `save` has returned.
  }
}
