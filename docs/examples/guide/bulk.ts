import { createRuntime, defineTask } from 'triport'

const mail = defineTask({ name: 'mail', queue: 'mail', run: ({ to }: { to: string }) => `sent to ${to}` })

await using runtime = createRuntime({ tasks: [mail] })
await runtime.start()

// #region bulk
const outcomes = await runtime.queue.enqueueMany([
  { task: mail, input: { to: 'ada' } },
  { task: mail, input: { to: () => {} } },
  { task: 'mails', input: { to: 'eve' } },
])
for (const { job, error } of outcomes) console.log(job ? 'enqueued' : (error as Error).message)
// #endregion
// prints: enqueued
// prints: Input of task "mail" holds a function at .to. Pass plain data instead.
// prints: Unknown task "mails". Did you mean "mail"? Known: mail. Pass it in `tasks`.
