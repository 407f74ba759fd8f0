import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRuntime } from '../../../drivers/index.js'
import { openTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import { reportSpy } from '../../kit/spy.js'
import { facadeOf } from './facade.js'
import { hide } from './hidden.js'

const endpoint = 'http://127.0.0.1:9'

for (const name of [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/resources',
  '@opentelemetry/exporter-trace-otlp-proto',
]) {
  test(`without ${name} tracing is off, and one line says what to install`, async () => {
    hide(name)
    const report = reportSpy()
    const driver = openTelemetryTracer({ endpoint })
    await driver.start?.(driverContext({ report }))
    assert.equal(driver.enabled, false)
    assert.equal(
      facadeOf(driver).span('work', (span) => span.recording),
      false,
    )
    await driver.flush()
    await driver.stop?.()
    const [told, ...more] = report.reports
    assert.equal(more.length, 0)
    assert.equal((told?.error as { code?: string } | undefined)?.code, 'ERR_PEER_MISSING')
    assert.match(String(told?.error), /Tracing is off: .*npm install @opentelemetry\/api/)
  })
}

test('without the packages a runtime that asks for OpenTelemetry starts all the same', async () => {
  hide('@opentelemetry/sdk-trace')
  const report = reportSpy()
  await using runtime = createRuntime({ tracer: { driver: 'opentelemetry', endpoint }, fallback: 'memory', report })
  await runtime.start()
  assert.equal(runtime.tracer.enabled, false)
  assert.deepEqual(report.stages(), ['tracer.start'])
})

test('register without the package for its context is refused, and nothing is left registered', async () => {
  hide('@opentelemetry/context-async-hooks')
  const driver = openTelemetryTracer({ endpoint, register: true })
  await assert.rejects(async () => driver.start?.(driverContext()), {
    code: 'ERR_PEER_MISSING',
    message: /npm install @opentelemetry\/context-async-hooks/,
  })
  assert.equal(driver.enabled, false)
  hide(undefined)
  await driver.start?.(driverContext())
  assert.equal(driver.enabled, true)
  await driver.stop?.()
})
