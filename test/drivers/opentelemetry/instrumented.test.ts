import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import express from 'express'
import { attach } from '../../../adapters/index.js'
import { createHandler } from '../../../adapters/node/handler.js'
import { createRuntime } from '../../../drivers/index.js'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { eventually } from '../../kit/eventually.js'
import { applicationSdk } from './support.js'

const sdk = applicationSdk()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(sdk.provider)
const instrumentation = new HttpInstrumentation()
instrumentation.setTracerProvider(sdk.provider)
// Required, not imported: the instrumentation patches what is required after it.
const { createServer } = createRequire(import.meta.url)('node:http') as typeof import('node:http')

const runtime = createRuntime({
  queue: { driver: 'memory' },
  rooms: { driver: 'memory' },
  tracer: createOpenTelemetryTracer({}, () => ({})),
  clientSpans: false,
})
await runtime.start()
after(async () => {
  await runtime.stop()
  instrumentation.disable()
  trace.disable()
  context.disable()
})

function onNode(): Server {
  const handle = createHandler(runtime, { route: () => '/users/:id' })
  return createServer((request, response) =>
    handle(request, response, () => runtime.tracer.span('inner', () => response.end('done'))),
  )
}

function onExpress(): Server {
  const app = express()
  attach(runtime, { app })
  app.get('/users/:id', (_request, response) => runtime.tracer.span('inner', () => response.send('done')))
  return createServer(app)
}

for (const [host, serve] of Object.entries({ 'node:http': onNode, Express: onExpress })) {
  test(`with instrumentation-http active, a request on ${host} has one server span, with its route`, async (t) => {
    const before = sdk.spans().length
    const server = serve().listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await (await fetch(`http://127.0.0.1:${port}/users/7`)).text()
    const spans = await eventually(() => {
      const found = sdk.spans().slice(before)
      assert.ok(found.some(({ kind }) => kind === 'server'))
      return found
    })
    const [request, ...more] = spans.filter(({ kind }) => kind === 'server')
    assert.deepEqual(more, [])
    assert.equal(request?.name, 'GET /users/:id')
    assert.equal(request.attributes['http.route'], '/users/:id')
    assert.equal(spans.find(({ name }) => name === 'inner')?.parentSpanId, request.spanId)
  })
}
