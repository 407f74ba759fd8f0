import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime, defineTask } from 'triport'
import { attach } from 'triport/http'
import { watch } from './browser.js'

// #region task
const processWorkflow = defineTask({
  name: 'process_workflow',
  room: ({ workflowId }: { workflowId: string }) => `workflow:${workflowId}`,
  async run(_input, ctx) {
    await ctx.progress(50, { step: 'simulation' })
    return { ok: true }
  },
})
// #endregion

const runtime = createRuntime({ tasks: [processWorkflow] })
const server = createServer()
attach(runtime, { server })
await runtime.start()
server.listen(0)
await once(server, 'listening')
const { port } = server.address() as AddressInfo

const socket = watch(`ws://localhost:${port}`, 'abc', (progress, status) => console.log(status, progress))
await once(socket, 'message') // WELCOME: from now on it hears everything.
await runtime.queue.enqueue(processWorkflow, { workflowId: 'abc' })
await once(socket, 'close')
// prints: running 0
// prints: running 50
// prints: completed 100

await runtime.stop()
server.close()
