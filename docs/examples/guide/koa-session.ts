import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { type Auth, createRuntime } from 'triport'
import { attach } from 'triport/http'

const users = new Map<string | undefined, string>([['a1', 'ada']])

// #region session
async function session(ctx: Koa.Context, next: Koa.Next) {
  const user = users.get(ctx.cookies.get('sid'))
  if (user === undefined) ctx.throw(401, 'Log in first.')
  ctx.state.user = user
  await next()
}

const auth: Auth<string> = {
  authenticate: ({ raw }) => (raw as Koa.Context).state.user,
  authorize: (user, _action, { room }) => room === `user:${user}`,
}

const runtime = createRuntime({ http: { auth } })
const app = new Koa()
const server = createServer()
attach(runtime, { app, server, use: [session] }) // For upgrades and our endpoints.
app.use(session) // For your routes.
server.on('request', app.callback())
// #endregion
await runtime.start()
server.listen(0)
await once(server, 'listening')
const { port } = server.address() as AddressInfo

for (const [room, sid] of [
  ['user/ada', 'a1'],
  ['user/bob', 'a1'],
  ['user/ada', 'b2'],
]) {
  console.log(await statusOfUpgrade(`/ws/${room}`, sid ?? ''))
}
// prints: 101
// prints: 403
// prints: 401

await runtime.stop()
server.close()
server.closeAllConnections()

/** As a program without an Origin gets it. */
async function statusOfUpgrade(path: string, sid: string): Promise<number | undefined> {
  const { WebSocket } = await import('ws')
  const socket = new WebSocket(`ws://localhost:${port}${path}`, { headers: { cookie: `sid=${sid}` } })
  return await new Promise((resolve) => {
    socket.on('open', () => resolve(101)).on('error', () => {})
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
  })
}
