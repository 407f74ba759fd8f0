import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { type Auth, createRuntime, defineTask } from 'triport'
import { attach } from 'triport/http'

const render = defineTask({ name: 'render', run: async ({ page }: { page: number }) => `page ${page}` })

interface User {
  readonly name: string
  readonly admin: boolean
}
const users = new Map<string | undefined, User>([['Bearer a1', { name: 'ada', admin: true }]])

// #region auth
const auth: Auth<User> = {
  // Undefined stands for nobody: 401, or close code 4401.
  authenticate: ({ headers }) => users.get(headers.authorization?.toString()),
  // False is 403, or close code 4403.
  authorize(user, action, { room }) {
    if (action === 'room:join' || action === 'room:publish') return room === `user:${user.name}`
    return user.admin // health:read, metrics:read, job:read, job:cancel
  },
}
// #endregion

// #region express
const runtime = createRuntime({ tasks: [render], http: { adapter: 'express', auth } })
const app = express()
const server = createServer(app)
attach(runtime, { app, server }) // Before the routes, so that they have spans.
app.get('/pages/:page', async (request, response) => {
  const job = await runtime.queue.enqueue(render, { page: Number(request.params.page) })
  response.status(202).json({ job: job.id })
})
// #endregion
await runtime.start()
server.listen(0)
await once(server, 'listening')
const url = `http://localhost:${(server.address() as AddressInfo).port}`

const { job } = (await (await fetch(`${url}/pages/7`)).json()) as { job: string }
await runtime.queue.job(job).result({ timeout: '5s' })
console.log((await fetch(`${url}/triport/jobs/${job}`)).status)
// prints: 401
const answer = await fetch(`${url}/triport/jobs/${job}`, { headers: { authorization: 'Bearer a1' } })
const { state, result } = (await answer.json()) as { state: string; result: string }
console.log(state, result)
// prints: completed page 7

await runtime.stop()
server.close()
server.closeAllConnections()
