import { createRuntime, defineTask } from 'triport'

const greet = defineTask({
  name: 'greet',
  run: async ({ name }: { name: string }) => `Hello ${name}`,
})

await using runtime = createRuntime({ tasks: [greet] })
await runtime.start()

const job = await runtime.queue.enqueue(greet, { name: 'Ada' })
console.log(await job.result({ timeout: '5s' }))
// prints: Hello Ada
