import { createRuntime, defineTask } from 'triport'
import { z } from 'zod'

const mail = defineTask({
  name: 'mail',
  queue: 'mail',
  input: z.object({ to: z.email() }),
  run: ({ to }) => `sent to ${to}`,
})

await using runtime = createRuntime({ tasks: [mail] })
await runtime.start()

// #region bulk
const outcomes = await runtime.queue.enqueueMany([
  { task: mail, input: { to: 'ada@example.org' } },
  { task: 'mail', input: { to: 'eve' }, options: { delay: '1h' } },
])
for (const { job, error } of outcomes) console.log(job ? 'enqueued' : (error as Error).message)
// #endregion
// prints: enqueued
// prints: Input of task "mail" is invalid: to: Invalid email address
