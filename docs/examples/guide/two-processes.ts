import { createRuntime, defineTask } from 'triport'
import { createMemoryBroker, memoryQueue, memoryQueueStore, memoryRooms } from 'triport/drivers/memory'

const render = defineTask({ name: 'render', run: ({ page }: { page: number }) => `page ${page}` })

// #region two
// What both have in common is a server later; a shared store and broker stand in for it.
const store = memoryQueueStore()
const broker = createMemoryBroker()
const backend = () => ({ queue: memoryQueue({ store }), rooms: memoryRooms({ broker }) })

const web = createRuntime({ ...backend(), tasks: [render], worker: false })
const worker = createRuntime({ ...backend(), tasks: [render], worker: { concurrency: 50 } })
// #endregion
await Promise.all([web.start(), worker.start()])

const job = await web.queue.enqueue(render, { page: 7 })
console.log(await job.result({ timeout: '5s' }))
// prints: page 7
console.log((await web.inspect()).worker, (await worker.inspect()).worker?.concurrency)
// prints: undefined 50

await Promise.all([web.stop(), worker.stop()])
