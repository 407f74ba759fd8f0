import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Instrument, Meter, MeterAttributes } from '../../../core/ports/meter.js'

/** A meter under test, and what it knows. */
export interface MeterUnderTest {
  readonly meter: Meter
  /** Collects once. Histograms as count, sum and the counts of their buckets. */
  collect(): Promise<readonly Collected[]>
}

export interface Collected {
  readonly name: string
  readonly attributes: MeterAttributes
  readonly value: number | { readonly count: number; readonly sum: number; readonly counts: readonly number[] }
}

const counted: Instrument = { name: 'c', kind: 'counter', unit: '{x}', description: '', attributes: ['a', 'b'] }
const moved: Instrument = { ...counted, name: 'u', kind: 'upDownCounter' }
const spread: Instrument = { ...counted, name: 'h', kind: 'histogram', buckets: [1, 10] }
const shown: Instrument = { ...counted, name: 'g', kind: 'gauge' }
const total: Instrument = { ...counted, name: 't' }

/** What the port says of every meter. */
export function meterClaims(create: () => MeterUnderTest): void {
  const values = async ({ collect }: MeterUnderTest) =>
    (await collect()).map(({ name, attributes, value }) => [name, attributes, value]).sort()

  it('adds up by attributes, undefined ones left out, in whatever order they are', async () => {
    const under = create()
    const counter = under.meter.counter(counted)
    counter.add(1, { a: 'x', b: 'y' })
    counter.add(2, { b: 'y', a: 'x' })
    counter.add(4, { a: 'x', b: undefined })
    counter.add(8, { a: 'x' })
    assert.deepEqual(await values(under), [
      ['c', { a: 'x' }, 12],
      ['c', { a: 'x', b: 'y' }, 3],
    ])
  })

  it('counts twice what two counters of one instrument get', async () => {
    const under = create()
    under.meter.counter(counted).add(1, {})
    under.meter.counter(counted).add(1, {})
    assert.deepEqual(await values(under), [['c', {}, 2]])
  })

  it('lets an upDownCounter shrink', async () => {
    const under = create()
    const counter = under.meter.counter(moved)
    counter.add(3, {})
    counter.add(-2, {})
    assert.deepEqual(await values(under), [['u', {}, 1]])
  })

  it('puts a value into the bucket whose bound it does not pass', async () => {
    const under = create()
    const histogram = under.meter.histogram(spread)
    for (const value of [0, 1, 2, 10, 11]) histogram.record(value, {})
    assert.deepEqual(await values(under), [['h', {}, { count: 5, sum: 24, counts: [2, 2, 1] }]])
  })

  it('reads once for each collection, and no more when that was undone', async () => {
    const under = create()
    let reads = 0
    const stop = under.meter.observe([shown, total], async () => [
      { instrument: shown, value: ++reads, attributes: { a: 'x' } },
      { instrument: total, value: 10 * reads, attributes: {} },
    ])
    assert.equal(reads, 0)
    assert.deepEqual(await values(under), [
      ['g', { a: 'x' }, 1],
      ['t', {}, 10],
    ])
    await under.collect()
    assert.equal(reads, 2)
    stop()
    await under.collect()
    assert.equal(reads, 2)
  })

  it('keeps the other numbers when one cannot be read', async () => {
    const under = create()
    under.meter.observe([shown], () => Promise.reject(new Error('gone')))
    under.meter.observe([total], async () => [{ instrument: total, value: 1, attributes: {} }])
    under.meter.counter(counted).add(1, {})
    assert.deepEqual(await values(under), [
      ['c', {}, 1],
      ['t', {}, 1],
    ])
  })

  it('does not grow without a bound', async () => {
    const under = create()
    const counter = under.meter.counter(counted)
    for (let id = 0; id < 5_000; id++) counter.add(1, { a: `id-${id}` })
    const all = await under.collect()
    assert.ok(all.length <= 2_001, `${all.length} series`)
    assert.equal(
      all.reduce((sum, { value }) => sum + (value as number), 0),
      5_000,
    )
    assert.ok(all.some(({ attributes }) => attributes['otel.metric.overflow'] === true))
  })
}
