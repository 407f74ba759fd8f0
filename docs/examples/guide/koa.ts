import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { createRuntime } from 'triport'
import { attach } from 'triport/http'

const runtime = createRuntime()

// #region koa
const app = new Koa()
const server = createServer()
attach(runtime, { app, server }) // Before the routes, and before callback().
app.use((ctx) => {
  ctx.body = `You asked for ${ctx.path}`
})
server.on('request', app.callback())
// #endregion
await runtime.start()
server.listen(0)
await once(server, 'listening')
const url = `http://localhost:${(server.address() as AddressInfo).port}`

console.log(await (await fetch(`${url}/hello`)).text())
// prints: You asked for /hello
console.log(await (await fetch(`${url}/triport/health`)).text())
// prints: {"status":"ok"}

await runtime.stop()
server.close()
server.closeAllConnections()
