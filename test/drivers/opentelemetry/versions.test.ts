import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { installedVersion } from '../../../drivers/opentelemetry/api.js'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import { reportSpy } from '../../kit/spy.js'
import { facadeOf } from './facade.js'
import { applicationSdk } from './support.js'

const key = Symbol.for('opentelemetry.js.api.1')
const globals = globalThis as { [key]?: object }
const noEnv = () => ({})

beforeEach(() => delete globals[key])
after(() => delete globals[key])

/** What a copy of the API of this version leaves for others when an application registers its SDK. */
function registeredBy(version: string) {
  const { provider, spans } = applicationSdk()
  globals[key] = { version, trace: provider, context: new AsyncLocalStorageContextManager().enable() }
  return spans
}

test('a provider that was registered with an older API is named with both versions, and used all the same', async () => {
  const spans = registeredBy('1.9.1')
  const report = reportSpy()
  const driver = createOpenTelemetryTracer({}, noEnv)
  await driver.start?.(driverContext({ report }))
  const tracer = facadeOf(driver)
  await tracer.span('outer', async () => tracer.span('inner', () => {}))
  await driver.stop?.()
  const [inner, outer] = spans()
  assert.equal(inner?.parentSpanId, outer?.spanId)
  const [{ error } = assert.fail('nothing was told'), ...more] = report.reports
  assert.equal(more.length, 0)
  assert.equal((error as { code?: string }).code, 'ERR_PEER_VERSION')
  assert.ok(String(error).includes('@opentelemetry/api 1.9.1'))
  assert.ok(String(error).includes(`find ${installedVersion()},`))
  assert.match(installedVersion(), /^1\.10\./)
})

test('one that was registered with the same or a newer API is not remarked on', async () => {
  for (const version of [installedVersion(), '1.99.0']) {
    const spans = registeredBy(version)
    const driver = createOpenTelemetryTracer({}, noEnv)
    await driver.start?.(driverContext())
    facadeOf(driver).span('work', () => {})
    await driver.stop?.()
    assert.equal(spans().length, 1)
  }
})

test('register: true beside another copy is refused with both versions', async () => {
  globals[key] = { version: '1.9.1', diag: {} }
  const driver = createOpenTelemetryTracer({ endpoint: 'http://127.0.0.1:9', register: true }, noEnv)
  await assert.rejects(async () => driver.start?.(driverContext()), {
    code: 'ERR_PEER_VERSION',
    message: new RegExp(`@opentelemetry/api 1\\.9\\.1, and triport loads ${installedVersion()}`),
  })
  assert.equal(driver.enabled, false)
})
