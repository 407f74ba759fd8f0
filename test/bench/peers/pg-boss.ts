import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, type JobResult, PgBoss } from 'pg-boss'
import { type BenchQueue, type Payload, payloadOf, type Run, type Use } from '../bench-queue.js'

const name = 'bench'
const rawLoops = 2
const rawBatch = 1_000

/** How jobs are run: by `work`, or by loops over `fetch` and `complete`, which is all that an own worker could do. */
export type Way = 'work' | 'fetch'

export async function pgBoss(url: string, use: Use, run?: Run, way: Way = 'work'): Promise<BenchQueue> {
  const boss = new PgBoss({ connectionString: url, useListenNotify: true, schedule: false, supervise: false })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue(name, { notify: true })
  const loops = run && (way === 'fetch' ? fetching(boss, run) : await working(boss, use, run))
  return {
    enqueue: (number) => boss.send(name, payloadOf(number)),
    enqueueMany: (numbers) =>
      boss.insert(
        name,
        numbers.map((number) => ({ data: payloadOf(number) })),
      ),
    async call(number) {
      const id = await boss.send(name, payloadOf(number))
      for (;;) {
        const job = id ? await boss.getJobById<Payload>(name, id) : null
        if (job?.state === 'completed') return (job.output as { readonly number?: number }).number
        await sleep(5)
      }
    },
    async remaining() {
      const text = `select count(*)::int as count from pgboss.job where name = $1 and state < 'completed'`
      const { rows } = await boss.getDb().executeSql(text, [name])
      return rows[0].count
    },
    async close() {
      await loops?.stop()
      await boss.stop({ graceful: false })
    },
  }
}

interface Loops {
  stop(): Promise<unknown>
}

async function working(boss: PgBoss, use: Use, run: Run): Promise<Loops> {
  const many = { localConcurrency: 4, burstWhenBatchFull: true } as const
  if (use === 'roundtrip') {
    const options = { ...many, batchSize: 50, perJobResults: true } as const
    await boss.work(name, options, (jobs: Job<Payload>[]) => Promise.all(jobs.map((job) => completed(run, job))))
  } else await boss.work(name, { ...many, batchSize: 500 }, (jobs: Job<Payload>[]) => runAll(run, jobs))
  return { stop: () => boss.offWork(name) }
}

async function completed(run: Run, { id, data }: Job<Payload>): Promise<JobResult> {
  return { id, status: 'completed', output: { number: await run(data.number) } }
}

function fetching(boss: PgBoss, run: Run): Loops {
  let stopped = false
  async function loop(): Promise<void> {
    while (!stopped) {
      const jobs = await boss.fetch<Payload>(name, { batchSize: rawBatch })
      if (jobs.length === 0) await sleep(5)
      else {
        await runAll(run, jobs)
        await boss.complete(
          name,
          jobs.map(({ id }) => id),
        )
      }
    }
  }
  const loops = Promise.all(Array.from({ length: rawLoops }, loop))
  return {
    async stop() {
      stopped = true
      await loops
    },
  }
}

async function runAll(run: Run, jobs: readonly Job<Payload>[]): Promise<void> {
  await Promise.all(jobs.map(({ data }) => run(data.number)))
}
