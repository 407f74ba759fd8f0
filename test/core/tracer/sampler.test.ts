import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parentBased, ratioSampler } from '../../../core/tracer/sampler.js'

const traceIds = fc.stringMatching(/^[0-9a-f]{32}$/)
const link = (traceFlags: number) => ({ context: { traceId: 'a', spanId: 'b', traceFlags } })

test('ratio 0 keeps nothing and ratio 1 everything', () => {
  fc.assert(
    fc.property(traceIds, (traceId) => {
      assert.equal(ratioSampler(0)(traceId), false)
      assert.equal(ratioSampler(1)(traceId), true)
    }),
  )
})

test('what a lower ratio keeps, a higher one keeps too', () => {
  const ratio = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(traceIds, ratio, ratio, (traceId, a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      if (ratioSampler(low)(traceId)) assert.ok(ratioSampler(high)(traceId))
    }),
  )
})

test('the low 56 bits decide, the others do not', () => {
  const half = ratioSampler(0.5)
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-f]{18}$/), fc.stringMatching(/^[0-9a-f]{13}$/), (high, low) => {
      assert.equal(half(`${high}8${low}`), true)
      assert.equal(half(`${high}7${low}`), false)
    }),
  )
})

test('a span follows its parent, whatever the ratio', () => {
  assert.equal(parentBased(ratioSampler(0))({ traceFlags: 1 }, 'f'.repeat(32), undefined), true)
  assert.equal(parentBased(ratioSampler(1))({ traceFlags: 2 }, 'f'.repeat(32), [link(1)]), false)
})

test('without a parent, a link to a kept span keeps it', () => {
  const sampler = parentBased(ratioSampler(0))
  assert.equal(sampler(undefined, 'f'.repeat(32), [link(0), link(1)]), true)
  assert.equal(sampler(undefined, 'f'.repeat(32), [link(2)]), false)
})

test('a ratio outside 0 to 1 is refused', () => {
  for (const ratio of [-0.1, 1.1, Number.NaN, '0.5' as never]) {
    assert.throws(() => ratioSampler(ratio), { code: 'ERR_OPTION_INVALID' })
  }
})
