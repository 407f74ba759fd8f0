import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { tracerConformance } from '../../conformance/tracer/tracer-conformance.js'
import { driverContext } from '../../kit/driver-context.js'
import { reportSpy } from '../../kit/spy.js'
import { facadeOf } from './facade.js'
import { applicationSdk } from './support.js'

/** Nothing of the machine that the tests run on. */
const noEnv = () => ({})

tracerConformance({
  test: (name, fn) => test(`a given provider: ${name}`, fn),
  create() {
    const { provider, spans } = applicationSdk()
    return { driver: createOpenTelemetryTracer({ provider }, noEnv), spans }
  },
})

test('a given provider decides about sampling, and the option sampling comes before it', async () => {
  for (const [sampling, kept] of [
    [undefined, 1],
    [0, 0],
  ] as const) {
    const { provider, spans } = applicationSdk()
    const driver = createOpenTelemetryTracer({ provider, ...(sampling !== undefined && { sampling }) }, () => ({
      OTEL_TRACES_SAMPLER: 'always_off',
    }))
    await driver.start?.(driverContext())
    facadeOf(driver).span('work', () => {})
    await driver.stop?.()
    assert.equal(spans().length, kept)
  }
})

test('a given provider is never shut down, and flushed when the driver stops', async () => {
  const calls: string[] = []
  const { provider } = applicationSdk()
  provider.shutdown = async () => void calls.push('shutdown')
  provider.forceFlush = async () => void calls.push('flush')
  const driver = createOpenTelemetryTracer({ provider }, noEnv)
  await driver.start?.(driverContext())
  assert.equal(driver.status.provider, 'given')
  await driver.flush()
  await driver.stop?.()
  assert.deepEqual(calls, ['flush', 'flush'])
  assert.equal(driver.status.provider, 'none')
})

test('a provider that hangs or rejects when it is flushed keeps nobody', async () => {
  const { provider } = applicationSdk()
  const driver = createOpenTelemetryTracer({ provider }, noEnv)
  await driver.start?.(driverContext())
  provider.forceFlush = () => new Promise(() => {})
  await driver.flush(20)
  provider.forceFlush = async () => assert.fail('no collector')
  await driver.flush(20)
  await driver.stop?.()
  assert.equal(driver.status.lastError, 'no collector')
})

test('keepErrors is told to need our own SDK', async () => {
  const { provider } = applicationSdk()
  const report = reportSpy()
  const driver = createOpenTelemetryTracer({ provider, sampling: { ratio: 1, keepErrors: true } }, noEnv)
  await driver.start?.(driverContext({ report }))
  await driver.stop?.()
  assert.match(String(report.reports[0]?.error), /keepErrors/)
})

test('with OTEL_SDK_DISABLED it is off', async () => {
  const { provider, spans } = applicationSdk()
  const driver = createOpenTelemetryTracer({ provider, endpoint: 'http://127.0.0.1:1' }, () => ({
    OTEL_SDK_DISABLED: 'TRUE',
  }))
  await driver.start?.(driverContext())
  assert.equal(driver.enabled, false)
  facadeOf(driver).span('work', () => {})
  await driver.stop?.()
  assert.deepEqual(spans(), [])
})

test('wrong options are refused at once', () => {
  assert.throws(() => createOpenTelemetryTracer({ sampling: 7 }, noEnv), { message: /sampling is 7/ })
})
