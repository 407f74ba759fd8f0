import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Auth, createRuntime, defineTask } from 'triport'
import { attach } from 'triport/http'

const render = defineTask({ name: 'render', run: async ({ page }: { page: number }) => `page ${page}` })

// #region auth
const auth: Auth<string> = {
  authenticate: ({ headers }) => (headers.authorization === 'Bearer s3cret' ? 'prometheus' : undefined),
  authorize: (user, action) => user === 'prometheus' && action === 'metrics:read',
}
const runtime = createRuntime({ service: { name: 'pages' }, tasks: [render], http: { auth } })
const server = createServer()
attach(runtime, { server })
await runtime.start()
// #endregion
server.listen(0)
await once(server, 'listening')
const url = `http://localhost:${(server.address() as AddressInfo).port}`

const job = await runtime.queue.enqueue(render, { page: 7 })
await job.result({ timeout: '5s' })

console.log((await fetch(`${url}/triport/metrics`)).status)
// prints: 401
const scrape = await fetch(`${url}/triport/metrics`, { headers: { authorization: 'Bearer s3cret' } })
const lines = (await scrape.text()).split('\n')
console.log(lines.filter((line) => line.startsWith('triport_queue_jobs{')).length)
// prints: 4
console.log(lines.find((line) => line.startsWith('messaging_client_consumed_messages_total{'))?.split('} ')[1])
// prints: 1

// #region worker
const worker = createRuntime({ tasks: [render], metrics: true })
await worker.start()
createServer(async (_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4')
  response.end(await worker.metrics.text())
}).listen(0, '127.0.0.1') // Where only your Prometheus can reach it.
// #endregion
await worker.stop()
await runtime.stop()
process.exit()
