import assert from 'node:assert/strict'
import { parseBaggage } from '../../../core/tracer/baggage.js'
import { type Claim, turn } from './harness.js'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const plain = (baggage: object | undefined) => ({ ...baggage })

/** What goes with a trace besides its ids. */
export function baggageClaims(claim: Claim): void {
  claim('withBaggage changes the baggage for fn and all that it starts, and for nothing else', async ({ driver }) => {
    assert.deepEqual(plain(driver.baggage()), {})
    const pending = driver.withBaggage({ tenant: 'acme', user: 'ann' }, async () => {
      await turn()
      driver.withBaggage({ user: 'ben', tenant: undefined }, () =>
        assert.deepEqual(plain(driver.baggage()), { user: 'ben' }),
      )
      return plain(driver.baggage())
    })
    assert.deepEqual(plain(driver.baggage()), {}, 'current while the promise is pending')
    assert.deepEqual(await pending, { tenant: 'acme', user: 'ann' })
    assert.deepEqual(plain(driver.baggage()), {}, 'current after the promise')
  })

  claim('withBaggage leaves the current span as it is, and spans leave the baggage', async ({ driver, tracer }) => {
    tracer.span('outer', (outer) =>
      driver.withBaggage({ tenant: 'acme' }, () => {
        assert.equal(driver.activeSpan()?.context()?.spanId, outer.context()?.spanId)
        tracer.span('inner', (inner) => {
          assert.equal(driver.activeSpan()?.context()?.spanId, inner.context()?.spanId)
          assert.deepEqual(plain(driver.baggage()), { tenant: 'acme' })
        })
      }),
    )
  })

  claim('a context keeps its baggage, and the root has none', async ({ driver }) => {
    const context = driver.withBaggage({ tenant: 'acme' }, () => driver.active())
    assert.deepEqual(plain(driver.baggage(context)), { tenant: 'acme' })
    assert.equal(driver.spanContext(context), undefined)
    driver.run(context, () => {
      assert.deepEqual(plain(driver.baggage()), { tenant: 'acme' })
      driver.run('root', () => assert.deepEqual(plain(driver.baggage()), {}))
    })
  })

  claim('a span of an explicit parent brings the baggage of that context along, and no other', async (running) => {
    const { driver, tracer } = running
    const parent = driver.extract({ traceparent, baggage: 'tenant=acme' })
    driver.withBaggage({ user: 'ann' }, () => {
      tracer.span('of the parent', { parent }, () => assert.deepEqual(plain(driver.baggage()), { tenant: 'acme' }))
      tracer.span('of the root', { parent: 'root' }, () => assert.deepEqual(plain(driver.baggage()), {}))
      tracer.span('of the current', () => assert.deepEqual(plain(driver.baggage()), { user: 'ann' }))
    })
    const unsampled = driver.extract({ traceparent: traceparent.replace(/1$/, '0'), baggage: 'tenant=acme' })
    tracer.span('not kept', { parent: unsampled }, () => {
      tracer.span('below it', () => assert.deepEqual(plain(driver.baggage()), { tenant: 'acme' }))
    })
  })

  claim('inject and extract carry baggage from process to process', async ({ driver, tracer }) => {
    const carrier = tracer.span('sender', () =>
      driver.withBaggage({ tenant: 'acme inc', note: 'a,b;c=d "ü"' }, () => driver.inject({})),
    )
    assert.match(carrier.baggage ?? '', /^[\x21-\x7e]+$/)
    const context = driver.extract(carrier, 'root')
    assert.deepEqual(plain(driver.baggage(context)), { tenant: 'acme inc', note: 'a,b;c=d "ü"' })
    assert.ok(carrier.traceparent?.includes(driver.spanContext(context)?.spanId ?? 'none'))
    assert.equal(driver.inject({}, driver.extract({ baggage: 'tenant=acme' }, 'root')).traceparent, undefined)
  })

  claim('what a carrier names has the baggage of that carrier and no other', async ({ driver, tracer }) => {
    tracer.span('current', (span) =>
      driver.withBaggage({ user: 'ann' }, () => {
        assert.deepEqual(plain(driver.baggage(driver.extract({ traceparent }))), {})
        const alone = driver.extract({ baggage: ['tenant=acme', 'region=eu'] })
        assert.deepEqual(plain(driver.baggage(alone)), { tenant: 'acme', region: 'eu' })
        assert.equal(driver.spanContext(alone)?.spanId, span.context()?.spanId, 'baggage alone leaves the span')
      }),
    )
  })

  claim('baggage passes the redaction when it is injected', async ({ driver }) => {
    driver.withBaggage({ token: 'hunter2', url: 'https://me:hunter2@host/', tenant: 'acme' }, () => {
      assert.equal(driver.baggage().token, 'hunter2')
      const { baggage = '' } = driver.inject({})
      assert.ok(!baggage.includes('hunter2'), baggage)
      assert.ok(baggage.includes('tenant=acme'), baggage)
    })
  })

  claim('of baggage at most 64 entries and 8,192 bytes go out', async ({ driver }) => {
    const entries = (count: number, size: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'x'.repeat(size)]))
    const sent = (count: number, size: number) =>
      driver.withBaggage(entries(count, size), () => driver.inject({}).baggage ?? '')
    assert.equal(Object.keys(parseBaggage(sent(64, 1)) ?? {}).length, 64)
    assert.equal(Object.keys(parseBaggage(sent(100, 1)) ?? {}).length, 64)
    assert.ok(sent(20, 900).length <= 8_192)
    assert.ok(sent(20, 900).length > 7_000)
  })

  claim('entries that cannot be sent break nothing', async ({ driver }) => {
    const odd = { 'a b': '1', '': '2', ü: '3', number: 4, fine: 'yes' } as unknown as Record<string, string>
    driver.withBaggage(odd, () => {
      assert.deepEqual(plain(driver.baggage()), { number: '4', fine: 'yes' })
      assert.equal(driver.inject({}).baggage, 'number=4,fine=yes')
    })
  })
}
