import { createRuntime, defineSchedule, defineTask, FatalTaskError } from 'triport'

const sent: string[] = []

// #region code
const mail = defineTask({
  name: 'mail', // One function, one name. Several tasks may share a queue.
  queue: 'mail',
  timeout: '30s', // Of one attempt. It aborts ctx.signal.
  maxRetries: 5, // After the first attempt.
  backoff: { delay: '2s', factor: 2, max: '5m' },
  keepResult: '1h',
  async run({ to }: { to: string }, ctx) {
    if (!to.includes('@')) throw new FatalTaskError(`${to} is no address.`) // No retry.
    ctx.log('sending', { attempt: ctx.attempt })
    await ctx.progress(50)
    sent.push(to)
    return 'sent'
  },
})

const digest = defineSchedule({ name: 'digest', task: mail, input: { to: 'all@example.org' }, cron: '0 7 * * MON' })

const runtime = createRuntime({
  tasks: [mail],
  schedules: [digest],
  queues: { mail: { concurrency: 20, rateLimit: { limit: 100, per: '1m' } } }, // Over all workers.
  worker: { concurrency: 10 }, // In this process; false in one that only enqueues.
})
await runtime.start()

const job = await runtime.queue.enqueue(
  mail,
  { to: 'ada@example.org' },
  { delay: '10ms', priority: 1, unique: { key: 'ada', scope: 'queued' } },
)
console.log(await job.result({ timeout: '5s' }))
// prints: sent
// #endregion
await runtime.stop()
