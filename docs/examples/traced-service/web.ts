import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { configFromEnv, createRuntime } from 'triport'
import { attach } from 'triport/http'
import { processWorkflow } from './tasks.js'

/** Takes requests and holds the WebSockets. */
export async function startWeb() {
  const runtime = createRuntime({
    ...configFromEnv(process.env),
    service: { name: 'lab-web', version: '1.0.0' },
    tasks: [processWorkflow],
    worker: false,
    http: { auth: 'public' },
  })
  const app = express()
  const server = createServer(app)
  attach(runtime, { app, server })

  app.post('/workflows', express.json(), async (request, response) => {
    await runtime.queue.enqueue(processWorkflow, { id: request.body.id })
    response.status(202).json({ updates: `/ws/workflow/${request.body.id}` })
  })
  let isWarm = false
  app.get('/starts/:id', (_request, response) => {
    if (isWarm) response.json([10, 20, 30])
    else response.status(503).json({ error: 'warming up' }) // The first attempt of the job fails.
    isWarm = true
  })

  await runtime.start()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    says: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close()
      await runtime.stop()
    },
  }
}
