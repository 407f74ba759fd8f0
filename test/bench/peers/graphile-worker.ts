import { Pool } from 'pg'
import { type BenchQueue, type Payload, payloadOf, type Run, type Use } from '../bench-queue.js'

interface Utils {
  migrate(): Promise<void>
  addJob(task: string, payload: Payload): Promise<unknown>
  addJobs(jobs: readonly { readonly identifier: string; readonly payload: Payload }[]): Promise<unknown>
  release(): Promise<void>
}

/** The part of `graphile-worker` that is measured. */
export interface GraphileWorker {
  readonly Logger: new (factory: () => () => void) => object
  makeWorkerUtils(options: object): Promise<Utils>
  run(options: object): Promise<{ stop(): Promise<void>; readonly promise: Promise<void> }>
}

export async function graphileWorker(
  { Logger, makeWorkerUtils, run: start }: GraphileWorker,
  url: string,
  use: Use,
  run?: Run,
): Promise<BenchQueue> {
  const logger = new Logger(() => () => {})
  const pgPool = new Pool({ connectionString: url, max: 12 })
  pgPool.on('error', (error) => console.error(error))
  pgPool.on('connect', (client) => client.on('error', () => {})) // The library asks for a listener.
  const utils = await makeWorkerUtils({ pgPool, logger })
  await utils.migrate()
  // One job at a time is picked up sooner without a local queue.
  const batched = use === 'drain' ? { localQueue: { size: 2_000 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {}
  const runner =
    run &&
    (await start({
      pgPool,
      noHandleSignals: true,
      taskList: { bench: async ({ number }: Payload) => void (await run(number)) },
      preset: { worker: { logger, concurrentJobs: use === 'drain' ? 200 : 10, maxPoolSize: 12, ...batched } },
    }))
  return {
    enqueue: (number) => utils.addJob('bench', payloadOf(number)),
    enqueueMany: (numbers) =>
      utils.addJobs(numbers.map((number) => ({ identifier: 'bench', payload: payloadOf(number) }))),
    async remaining() {
      const { rows } = await pgPool.query('select count(*)::int as count from graphile_worker._private_jobs')
      return rows[0].count
    },
    async close() {
      await runner?.stop()
      await utils.release()
      await pgPool.end()
    },
  }
}
