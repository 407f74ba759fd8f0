import assert from 'node:assert/strict'
import { test } from 'node:test'
import { context, createContextKey, SpanStatusCode, trace } from '@opentelemetry/api'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import { facadeOf } from './facade.js'
import { startReceiver } from './receiver.js'

async function registered() {
  const receiver = await startReceiver()
  const driver = createOpenTelemetryTracer({ endpoint: receiver.endpoint, register: true }, () => ({}))
  await driver.start?.(driverContext())
  return {
    tracer: facadeOf(driver),
    async received() {
      await driver.stop?.()
      const spans = receiver.received().map(({ span }) => span)
      await receiver.close()
      return spans
    },
  }
}

test('what code says of the current span by the API of OpenTelemetry is said of ours, after the redaction', async () => {
  const { tracer, received } = await registered()
  const other = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
  tracer.span('work', (own) => {
    const span = trace.getActiveSpan()
    assert.ok(span)
    assert.ok(span.isRecording())
    assert.equal(span.spanContext().spanId, own.context()?.spanId)
    span.setAttribute('password', 'hunter2').setAttributes({ nodes: 3, tags: ['a', 'b'] })
    span.addEvent('loaded', { token: 'hunter2' }).addEvent('timed', Date.now())
    span.addLink({ context: other, attributes: { why: 'seen' } }).addLinks([{ context: other }])
    span.recordException(new RangeError('token=hunter2'))
    span.setStatus({ code: SpanStatusCode.OK }).setStatus({ code: SpanStatusCode.ERROR, message: 'token=hunter2' })
    span.updateName('renamed')
    span.end()
    assert.equal(span.isRecording(), false)
    span.setAttribute('late', true).setStatus({ code: SpanStatusCode.ERROR, message: 'late' })
  })
  const [span = assert.fail('nothing came'), ...more] = await received()
  assert.deepEqual(more, [])
  assert.deepEqual([span.name, span.status, span.statusMessage], ['renamed', 'error', 'token=[REDACTED]'])
  assert.deepEqual(span.attributes, { password: '[REDACTED]', nodes: 3, tags: ['a', 'b'] })
  assert.deepEqual(
    span.events.map(({ name }) => name),
    ['loaded', 'timed', 'exception'],
  )
  assert.deepEqual(span.events[0]?.attributes, { token: '[REDACTED]' })
  assert.equal(span.events[2]?.attributes['exception.message'], 'token=[REDACTED]')
  assert.deepEqual(
    span.links.map(({ context: to, attributes }) => [to.spanId, attributes]),
    [
      [other.spanId, { why: 'seen' }],
      [other.spanId, {}],
    ],
  )
})

test('a context keeps our span and what others put into it, whoever asks', async () => {
  const { tracer, received } = await registered()
  const key = createContextKey('theirs')
  tracer.span('outer', (outer) => {
    context.with(context.active().setValue(key, 'kept'), () => {
      tracer.span('inner', () => {
        assert.equal(context.active().getValue(key), 'kept')
        assert.notEqual(trace.getActiveSpan()?.spanContext().spanId, outer.context()?.spanId)
        const without = context.active().deleteValue(key)
        assert.deepEqual([without.getValue(key), trace.getSpan(without)], [undefined, trace.getActiveSpan()])
        assert.equal(trace.getSpan(trace.deleteSpan(context.active())), undefined)
      })
      // Code that puts what it was given for our span into a context of its own means our span.
      const span = trace.getActiveSpan()
      assert.ok(span)
      context.with(trace.setSpan(context.active(), span), () => tracer.span('below', () => {}))
    })
  })
  const spans = Object.fromEntries((await received()).map((span) => [span.name, span]))
  assert.equal(spans.inner?.parentSpanId, spans.outer?.spanId)
  assert.equal(spans.below?.parentSpanId, spans.outer?.spanId)
})

test('spans of libraries and ours are below each other in one trace, and say whether a parent is of another process', async () => {
  const { tracer, received } = await registered()
  const library = trace.getTracer('library')
  const parent = tracer.extract({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })
  tracer.span('ours', { kind: 'server', parent }, () => {
    library.startActiveSpan('theirs', (span) => {
      tracer.span('below', () => {})
      span.end()
    })
  })
  const spans = Object.fromEntries((await received()).map((span) => [span.name, span]))
  assert.deepEqual(
    [spans.ours?.parentSpanId, spans.theirs?.parentSpanId, spans.below?.parentSpanId],
    ['b'.repeat(16), spans.ours?.spanId, spans.theirs?.spanId],
  )
  assert.equal(new Set(Object.values(spans).map(({ traceId }) => traceId)).size, 1)
})
