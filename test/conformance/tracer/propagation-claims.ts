import assert from 'node:assert/strict'
import type { Carrier } from '../../../core/ports/tracer.js'
import type { Claim } from './harness.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const sampled = `00-${traceId}-${spanId}-01`

/** How a trace goes from one process to the next. */
export function propagationClaims(claim: Claim): void {
  claim(
    'inject writes the current span as a W3C traceparent and leaves the rest of the carrier alone',
    async (running) => {
      const { driver, tracer } = running
      const carrier = tracer.span('sender', () => driver.inject({ 'content-type': 'text/plain' }))
      const sender = await running.span('sender')
      assert.match(carrier.traceparent ?? '', new RegExp(`^00-${sender.traceId}-${sender.spanId}-0[13]$`))
      assert.equal(carrier['content-type'], 'text/plain')
      assert.deepEqual(Object.keys(carrier).sort(), ['content-type', 'traceparent'])
      assert.deepEqual(driver.inject({ other: 'kept' }), { other: 'kept' }, 'outside of any span')
    },
  )

  claim('inject takes a context, and replaces what the carrier said of another trace', async (running) => {
    const { driver, tracer } = running
    const context = tracer.span('sender', () => driver.active())
    const carrier = driver.inject({ traceparent: sampled, tracestate: 'vendor=1' }, context)
    assert.ok(carrier.traceparent?.includes((await running.span('sender')).spanId))
    assert.equal(carrier.tracestate, undefined)
  })

  claim('extract and inject carry trace, parent and tracestate from process to process', async (running) => {
    const { driver } = running
    const context = driver.extract({ traceparent: sampled, tracestate: 'vendor=1,other=a b' })
    const remote = driver.spanContext(context)
    assert.equal(remote?.traceId, traceId)
    assert.equal(remote?.spanId, spanId)
    assert.equal(remote?.remote, true)
    const span = driver.startSpan('receiver', { parent: context })
    const next = driver.withSpan(span, () => driver.inject({}))
    span.end()
    const receiver = await running.span('receiver')
    assert.equal(receiver.traceId, traceId)
    assert.equal(receiver.parentSpanId, spanId)
    assert.match(next.traceparent ?? '', new RegExp(`^00-${traceId}-${receiver.spanId}-0[13]$`))
    assert.equal(next.tracestate, 'vendor=1,other=a b')
  })

  claim(
    'a context from elsewhere is passed on as it came, and its span is not a current span here',
    async ({ driver }) => {
      driver.run(driver.extract({ traceparent: sampled }), () => {
        assert.equal(driver.activeSpan(), undefined)
        assert.match(driver.inject({}).traceparent ?? '', new RegExp(`^00-${traceId}-${spanId}-0[13]$`))
      })
    },
  )

  claim(
    'extract returns base unchanged when the carrier holds neither a valid traceparent nor baggage, and never throws',
    async (running) => {
      const { driver, tracer } = running
      const base = tracer.span('base', () => driver.active())
      for (const carrier of invalidCarriers) {
        assert.equal(driver.extract(carrier, base), base, JSON.stringify(carrier))
      }
      tracer.span('current', () => {
        assert.equal(driver.extract({}), driver.active(), 'base is the current context')
        assert.equal(driver.spanContext(driver.extract({}, 'root')), undefined)
      })
    },
  )

  claim('an invalid tracestate is dropped and the traceparent kept', async ({ driver }) => {
    for (const tracestate of ['no member', 'UPPER=1', 'a=1,a=2', `a=${'x'.repeat(257)}`]) {
      const context = driver.spanContext(driver.extract({ traceparent: sampled, tracestate }))
      assert.equal(context?.traceId, traceId)
      assert.equal(context?.traceState ?? '', '', tracestate)
    }
  })

  claim('a child is sampled exactly when its parent is, also across processes', async (running) => {
    const { driver, tracer } = running
    const context = driver.extract({ traceparent: `00-${traceId}-${spanId}-00` })
    const carrier = driver.run(context, () =>
      tracer.span('not kept', (span) => {
        assert.equal(span.recording, false)
        assert.equal(driver.activeSpan()?.recording, false)
        tracer.span('not kept either', (inner) => assert.equal(inner.recording, false))
        return driver.inject({})
      }),
    )
    assert.match(carrier.traceparent ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-0[02]$`))
    assert.deepEqual(await running.spans(), [])
  })
}

/** The last ones break the type on purpose: what arrives from a network is not typed. */
const invalidCarriers = [
  {},
  { traceparent: undefined },
  { traceparent: '' },
  { traceparent: 'garbage' },
  { traceparent: sampled.toUpperCase() },
  { traceparent: `ff${sampled.slice(2)}` },
  { traceparent: `${sampled}-more` },
  { traceparent: `- ${sampled}` },
  { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` },
  { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` },
  { traceparent: `${sampled}, ${sampled}` },
  { traceparent: [sampled, sampled] },
  { tracestate: 'vendor=1' },
  { baggage: '' },
  { baggage: 'broken,also broken' },
  { baggage: 42 },
  { traceparent: 42 },
  { traceparent: null },
  { traceparent: { toString: () => sampled } },
  null,
  undefined,
  'text',
  7,
] as readonly unknown[] as readonly Carrier[]
