// A program that runs one job in a thread, and ends without stopping its runtime.
import { createRuntime } from '../../../drivers/index.js'
import { where } from './tasks.js'

const runtime = await createRuntime({ tasks: [where], queue: { driver: 'memory' }, log() {} }).start()
const job = await runtime.queue.enqueue(where)
console.log((await job.result({ timeout: '20s' })).isMainThread)
