import { createRuntime, defineTask, isTriportError } from 'triport'
import { z } from 'zod'

// #region define
const resize = defineTask({
  name: 'resize',
  queue: 'images',
  input: z.object({ url: z.string(), width: z.number().int().default(640) }),
  timeout: '1m',
  maxRetries: 5,
  async run({ url, width }, ctx) {
    await ctx.progress(50, { step: 'decode' })
    return { file: `${url}?w=${width}` }
  },
})
// #endregion

await using runtime = createRuntime({ tasks: [resize] })
await runtime.start()

// #region enqueue
const job = await runtime.queue.enqueue(resize, { url: 'cat.png' })
const { file } = await job.result({ timeout: '30s' })

const sameThing = await runtime.queue.enqueue('resize', { url: 'dog.png', width: 320 }, { priority: 10, delay: '10ms' })
await sameThing.result({ timeout: '30s' })
// #endregion
console.log(file)
// prints: cat.png?w=640

// #region status
const { state, attempts, progress } = await runtime.queue.getResult(job.id)
// #endregion
console.log(state, attempts, progress)
// prints: completed 1 { percent: 50, data: { step: 'decode' } }

// #region refused
try {
  await runtime.queue.enqueue('resize', { url: 'cat.png', width: 1.5 })
} catch (error) {
  if (isTriportError(error, 'ERR_INPUT_INVALID')) console.log(error.details.issues)
}
// #endregion
// prints: [
// prints:   {
// prints:     path: 'width',
// prints:     message: 'Invalid input: expected int, received number'
// prints:   }
// prints: ]
