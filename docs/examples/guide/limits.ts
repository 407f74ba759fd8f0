import { setTimeout as pause } from 'node:timers/promises'
import { createRuntime, defineTask } from 'triport'

const begun: string[] = []

// #region limits
const exportData = defineTask({
  name: 'export_data',
  queue: 'exports',
  concurrency: { limit: 1, key: ({ tenant }) => tenant }, // One at a time for each tenant.
  async run({ tenant, file }: { tenant: string; file: number }) {
    begun.push(`${tenant} ${file}`)
    await pause(10)
  },
})

await using runtime = createRuntime({
  tasks: [exportData],
  queues: { exports: { concurrency: 20, rateLimit: { limit: 100, per: '1s' } } }, // All tenants, all workers.
  worker: { concurrency: 50 }, // This process.
})
// #endregion
await runtime.start()

// #region turns
const files = [
  { tenant: 'big', file: 1 },
  { tenant: 'big', file: 2 },
  { tenant: 'big', file: 3 },
  { tenant: 'small', file: 1 },
]
const outcomes = await runtime.queue.enqueueMany(files.map((input) => ({ task: exportData, input })))
await Promise.all(outcomes.map(({ job }) => job?.result({ timeout: '5s' })))
console.log(begun.join(', '))
// prints: big 1, small 1, big 2, big 3
// #endregion
