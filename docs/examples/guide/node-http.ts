import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime } from 'triport'
import { attach, createHandler } from 'triport/node'

// #region node
const runtime = createRuntime({ service: { name: 'orders' } })
const handle = createHandler(runtime)
const server = createServer((request, response) =>
  handle(request, response, () => response.end(`You asked for ${request.url}`)),
)
attach(runtime, { server }) // The WebSockets.
await runtime.start()
server.listen(0)
// #endregion
await once(server, 'listening')
const url = `http://localhost:${(server.address() as AddressInfo).port}`

console.log(await (await fetch(`${url}/hello`)).text())
// prints: You asked for /hello
console.log(await (await fetch(`${url}/triport/health`)).text())
// prints: {"status":"ok"}
console.log((await fetch(`${url}/triport/jobs/1`)).status)
// prints: 404

await runtime.stop()
server.close()
