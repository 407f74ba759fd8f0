import { createRuntime, defineTask } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'

// #region link
const nightly = defineTask({ name: 'nightly', trace: 'link', run: async () => 'done' })
// #endregion

const tracer = memoryTracer()
await using runtime = createRuntime({ tasks: [nightly], tracer })
await runtime.start()
const job = await runtime.queue.enqueue(nightly)
await job.result({ timeout: '5s' })
await tracer.waitFor('process default')
console.log(tracer.tree().map(({ span }) => span.name))
// prints: [ 'enqueue default', 'process default' ]
