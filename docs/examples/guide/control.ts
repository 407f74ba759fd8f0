import { createRuntime, defineTask } from 'triport'

const files = new Map<string, string>()

// #region log
const importFile = defineTask({
  name: 'import_file',
  queue: 'imports',
  maxRetries: 0,
  async run({ path }: { path: string }, { log }) {
    log('reading', { path })
    const text = files.get(path)
    if (text === undefined) throw new Error(`There is no ${path}.`)
    return text.length
  },
})
// #endregion

await using runtime = createRuntime({ tasks: [importFile], report: () => {} })
await runtime.start()

// #region pause
await runtime.queue.pause('imports')
const job = await runtime.queue.enqueue(importFile, { path: 'a.csv' })
console.log(await runtime.queue.isPaused('imports'), (await runtime.queue.counts('imports')).waiting)
// prints: true 1
await runtime.queue.resume('imports')
// #endregion
await job.result({ timeout: '5s' }).catch((error) => console.log(error.code))
// prints: ERR_JOB_FAILED

// #region dead
const { jobs } = await runtime.queue.list({ queue: 'imports', state: 'failed' })
for (const { id, reason, failures } of jobs) {
  const [line] = await runtime.queue.job(id).log()
  console.log(reason, failures.length, line?.message, line?.data)
}
// prints: exhausted 1 reading { path: 'a.csv' }

files.set('a.csv', 'n\n1\n')
console.log(await runtime.queue.redrive({ queue: 'imports', task: 'import_file' }))
// prints: 1
console.log(await job.result({ timeout: '5s' }))
// prints: 4
// #endregion

// #region remove
console.log(await job.remove(), await runtime.queue.remove({ queue: 'imports', state: 'completed' }))
// prints: removed 0
// #endregion
