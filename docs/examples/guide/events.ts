import { createRuntime, defineTask } from 'triport'

const done = Promise.withResolvers<void>()
const charge = defineTask({
  name: 'charge',
  maxRetries: 0,
  run: ({ cents }: { cents: number }) => {
    if (cents > 1_000) throw new Error('The card has a limit.')
    return cents
  },
})

await using runtime = createRuntime({ tasks: [charge], report: () => {} })

// #region events
runtime.queue.on('completed', ({ task, result }) => console.log(task, result)) // By this process.

const forget = runtime.queue.on(
  'failed',
  ({ task, attempts }) => console.log(`${task} failed after ${attempts}.`),
  { from: 'everywhere' }, // By any process.
)
// #endregion
runtime.queue.on('failed', () => done.resolve())
await runtime.start()

await (await runtime.queue.enqueue(charge, { cents: 5 })).result({ timeout: '5s' })
// prints: charge 5
await runtime.queue.enqueue(charge, { cents: 5_000 })
await done.promise
// prints: charge failed after 1.
forget()
