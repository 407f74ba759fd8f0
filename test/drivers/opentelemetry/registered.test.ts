import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { tracerConformance } from '../../conformance/tracer/tracer-conformance.js'
import { driverContext } from '../../kit/driver-context.js'
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
