import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { createHandler } from '../../../adapters/node/handler.js'
import { createRuntime } from '../../../drivers/index.js'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { tracerConformance } from '../../conformance/tracer/tracer-conformance.js'
import { driverContext } from '../../kit/driver-context.js'
import { eventually } from '../../kit/eventually.js'
import { reportSpy } from '../../kit/spy.js'
import { facadeOf } from './facade.js'
import { applicationSdk } from './support.js'

const noEnv = () => ({})

/** Registers what an application would. */
function registerSdk() {
  const sdk = applicationSdk()
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(sdk.provider)
  return sdk
}

function unregister(): void {
  trace.disable()
  context.disable()
}

after(unregister)

tracerConformance({
  test: (name, fn) => test(`a registered provider: ${name}`, fn),
  create() {
    unregister()
    const { spans } = registerSdk()
    return { driver: createOpenTelemetryTracer({}, noEnv), spans }
  },
})

test('spans of the application are parents of ours, and ours of the application', async () => {
  unregister()
  const { spans } = registerSdk()
  const driver = createOpenTelemetryTracer({}, noEnv)
  await driver.start?.(driverContext())
  const theirs = trace.getTracer('app')
  const tracer = facadeOf(driver)
  await theirs.startActiveSpan('theirs', async (outer) => {
    assert.equal(tracer.activeSpan()?.context()?.spanId, outer.spanContext().spanId)
    tracer.activeSpan()?.set('from.us', true).fail(new Error('seen'))
    await tracer.span('ours', async () => theirs.startActiveSpan('inner', (inner) => inner.end()))
    outer.end()
  })
  await driver.stop?.()
  const byName = Object.fromEntries(spans().map((span) => [span.name, span]))
  assert.equal(byName.ours?.parentSpanId, byName.theirs?.spanId)
  assert.equal(byName.inner?.parentSpanId, byName.ours?.spanId)
  assert.equal(byName.theirs?.attributes['from.us'], true)
  assert.equal(byName.theirs?.status, 'error')
})

test('a provider that is registered after the start is found, and until then it is off and says so once', async () => {
  unregister()
  const report = reportSpy()
  const driver = createOpenTelemetryTracer({}, noEnv)
  await driver.start?.(driverContext({ report }))
  const tracer = facadeOf(driver)
  assert.equal(driver.enabled, false)
  tracer.span('lost', () => {})
  const { spans } = registerSdk()
  assert.equal(driver.enabled, true)
  tracer.span('outer', () => tracer.span('inner', () => {}))
  assert.equal(driver.status.provider, 'registered')
  await driver.stop?.()
  assert.deepEqual(
    spans().map(({ name }) => name),
    ['inner', 'outer'],
  )
  assert.deepEqual(
    report.reports.map(({ error }) => (error as { code?: string }).code),
    ['ERR_TRACER_UNUSED'],
  )
})

test('a request that is instrumented already gets no span of ours, but its route and what its code threw', async (t) => {
  unregister()
  const { spans } = registerSdk()
  const driver = createOpenTelemetryTracer({}, noEnv)
  const runtime = createRuntime({ queue: { driver: 'memory' }, rooms: { driver: 'memory' }, tracer: driver })
  await runtime.start()
  const handle = createHandler(runtime, { route: () => '/users/:id' })
  const server = createServer((request, response) =>
    instrumented(request, response, () =>
      handle(request, response, () => {
        runtime.tracer.span('inner', () => response.writeHead(request.url === '/users/1' ? 200 : 500).end())
        if (response.statusCode === 500) throw new RangeError('no such user')
      }),
    ),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const id of [1, 2]) await (await fetch(`http://127.0.0.1:${port}/users/${id}`)).text()
  await eventually(() => assert.equal(spans().filter(({ kind }) => kind === 'server').length, 2))
  await runtime.stop()
  const [one, two] = spans().filter(({ kind }) => kind === 'server')
  assert.deepEqual([one?.name, two?.name], ['GET /users/:id', 'GET /users/:id'])
  assert.deepEqual([one?.status, two?.status, two?.attributes['error.type']], ['unset', 'error', 'RangeError'])
  for (const { parentSpanId } of spans().filter(({ name }) => name === 'inner')) {
    assert.ok([one?.spanId, two?.spanId].includes(parentSpanId))
  }
})

/** What instrumentation-http does with a request, as far as others can tell. */
function instrumented(request: IncomingMessage, response: ServerResponse, work: () => unknown): void {
  const span = trace.getTracer('http').startSpan(String(request.method), { kind: 1 })
  const rpc: { type: string; span: typeof span; route?: string } = { type: 'http', span }
  const key = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA')
  const active = trace.setSpan(context.active(), span).setValue(key, rpc)
  response.on('close', () => {
    if (rpc.route) span.updateName(`${request.method} ${rpc.route}`)
    span.end()
  })
  try {
    context.with(active, work)
  } catch {
    // The code of the app threw: a framework would answer.
  }
}

test('with an endpoint, a registered provider is used all the same', async () => {
  unregister()
  const { spans } = registerSdk()
  const driver = createOpenTelemetryTracer({ endpoint: 'http://127.0.0.1:1' }, noEnv)
  await driver.start?.(driverContext())
  facadeOf(driver).span('work', () => {})
  assert.equal(driver.status.provider, 'registered')
  await driver.stop?.()
  assert.equal(spans().length, 1)
})
