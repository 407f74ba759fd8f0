import assert from 'node:assert/strict'
import { test } from 'node:test'
import { context, propagation, trace } from '@opentelemetry/api'
import { registered } from '../../../drivers/opentelemetry/api.js'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import { facadeOf } from './facade.js'
import { startReceiver } from './receiver.js'

const noEnv = () => ({})
const sampled = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

test('with register: true libraries trace through the same SDK, in the same context and with the same headers', async () => {
  await using receiver = await startReceiver()
  const driver = createOpenTelemetryTracer({ endpoint: receiver.endpoint, register: true }, noEnv)
  await driver.start?.(driverContext())
  const tracer = facadeOf(driver)
  const library = trace.getTracer('library')
  const headers: Record<string, string> = {}
  await tracer.span('ours', async () => {
    await Promise.resolve()
    library.startActiveSpan('theirs', (span) => {
      tracer.withBaggage({ tenant: 'acme', token: 'hunter2' }, () => propagation.inject(context.active(), headers))
      span.end()
    })
  })
  const incoming = propagation.extract(context.active(), { traceparent: sampled, tracestate: 'a=1', baggage: 'k=v' })
  assert.equal(trace.getSpanContext(incoming)?.traceState?.serialize(), 'a=1')
  assert.equal(propagation.getBaggage(incoming)?.getEntry('k')?.value, 'v')
  await driver.stop?.()
  const [theirs, ours] = receiver.received().map(({ span }) => span)
  assert.deepEqual([theirs?.name, ours?.name], ['theirs', 'ours'])
  assert.equal(theirs?.parentSpanId, ours?.spanId)
  assert.equal(headers.traceparent?.slice(0, -2), `00-${theirs?.traceId}-${theirs?.spanId}-`)
  assert.equal(headers.baggage, 'tenant=acme,token=%5BREDACTED%5D')
})

test('libraries are sampled as we are: by ratio, rules and parent', async () => {
  await using receiver = await startReceiver()
  const sampling = { ratio: 0, routes: { '/kept': 1 } }
  const driver = createOpenTelemetryTracer({ endpoint: receiver.endpoint, register: true, sampling }, noEnv)
  await driver.start?.(driverContext())
  const library = trace.getTracer('library')
  const start = (name: string, path: string) => library.startSpan(name, { attributes: { 'url.path': path } })
  start('dropped', '/other').end()
  start('kept', '/kept').end()
  facadeOf(driver).span('unsampled', () => library.startSpan('child').end())
  context.with(propagation.extract(context.active(), { traceparent: sampled }), () => library.startSpan('remote').end())
  await driver.stop?.()
  assert.deepEqual(
    receiver.received().map(({ span }) => span.name),
    ['kept', 'remote'],
  )
})

test('stopping takes back what was registered, and without register nothing is', async () => {
  const endpoint = 'http://127.0.0.1:9'
  for (const register of [true, false]) {
    const driver = createOpenTelemetryTracer({ endpoint, register }, noEnv)
    await driver.start?.(driverContext())
    assert.equal(registered()?.trace !== undefined, register)
    await driver.stop?.()
    assert.deepEqual(
      [registered()?.trace, registered()?.context, registered()?.propagation],
      [undefined, undefined, undefined],
    )
  }
})
