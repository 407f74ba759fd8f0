import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import { createRuntime, defineTask } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'
import { attach } from 'triport/http'
import { renderReport } from './report.js'
import { session, type WithUser } from './session.js'

const report = defineTask({
  name: 'report', // Its progress goes to the room, and from there to whoever watches.
  room: ({ id, user }: { id: string; user: string; month: string }) => `report:${user}:${id}`,
  run: ({ user, month }, ctx) => renderReport(user, month, (percent) => ctx.progress(percent)),
})

export const tracer = memoryTracer() // The last spans of this process; formatTree(tracer.tree()) prints them.

export const runtime = createRuntime({
  service: { name: 'reports' },
  tasks: [report],
  tracer,
  http: {
    auth: {
      authenticate: ({ raw }) => (raw as WithUser).user,
      authorize: (user, _action, { room }) => room?.startsWith(`report:${user}:`) === true,
    },
  },
})

export const app = express()
export const server = createServer(app)
attach(runtime, { app, server, use: [session] }) // Spans for all routes below, and rooms under /ws.

app.use(session, express.json())

app.get('/', (request: WithUser, response) => {
  response.send(`Hello ${request.user ?? 'stranger'}`)
})

app.post('/reports', async (request: WithUser, response) => {
  const { user } = request
  if (!user) {
    response.status(401).send('Who are you?')
    return
  }
  const id = randomUUID()
  await runtime.queue.enqueue(report, { id, user, month: request.body.month })
  response.status(202).json({ watch: `/ws/report/${user}/${id}` }) // Progress, then the result, to this user only.
})

await runtime.start()
server.listen(Number(process.env.PORT ?? 3000))
