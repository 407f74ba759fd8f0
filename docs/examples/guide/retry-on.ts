import { createRuntime, defineTask, RetryTaskError } from 'triport'

const answers = [429, 503, 200, 404]
const shop = async (_item: string) => ({ status: answers.shift(), retryAfter: '10ms' }) as const

// #region task
class Closed extends Error {}

const readPrice = defineTask({
  name: 'read_price',
  backoff: { delay: '10ms' },
  retryOn: [Closed, 'ECONNRESET', 'ERR_TASK_TIMEOUT'], // Any other error ends the job at once.
  async run({ item }: { item: string }) {
    const { status, retryAfter } = await shop(item)
    if (status === 429) throw new RetryTaskError('The shop is busy.', { delay: retryAfter })
    if (status === 503) throw new Closed('The shop is closed.')
    if (status === 404) throw new Error(`There is no ${item}.`)
    return 'cheap'
  },
})
// #endregion

await using runtime = createRuntime({ tasks: [readPrice], report: () => {} })
await runtime.start()

// #region status
const job = await runtime.queue.enqueue(readPrice, { item: 'tea' })
console.log(await job.result({ timeout: '5s' }), (await job.status()).attempts)
// prints: cheap 3

const gone = await runtime.queue.enqueue(readPrice, { item: 'dodo' })
await gone.result({ timeout: '5s' }).catch((error) => console.log(error.code))
// prints: ERR_JOB_FAILED

const { attempts, reason, failures } = await gone.status()
console.log(attempts, reason, failures[0]?.error.message)
// prints: 1 fatal There is no dodo.
// #endregion
