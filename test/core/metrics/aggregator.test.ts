import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAggregator } from '../../../core/metrics/aggregator.js'
import { joinedMeter } from '../../../core/metrics/joined.js'
import { noopMeter } from '../../../core/metrics/noop.js'
import type { Instrument, Observation } from '../../../core/ports/meter.js'
import { meterClaims } from './meter-claims.js'

function aggregated() {
  const aggregator = createAggregator(() => {})
  const collect = async () =>
    (await aggregator.collect()).map((point) => {
      const { instrument, attributes } = point
      const { name } = instrument
      const known = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
      if ('value' in point) return { name, attributes: known, value: point.value }
      const { count, sum, counts } = point
      return { name, attributes: known, value: { count, sum, counts } }
    })
  return { aggregator, collect }
}

describe('the meter that adds up in this process', () =>
  meterClaims(() => {
    const { aggregator, collect } = aggregated()
    return { meter: aggregator, collect }
  }))

describe('several meters in one', () =>
  meterClaims(() => {
    const joined = joinedMeter()
    const { aggregator, collect } = aggregated()
    joined.join(noopMeter)
    joined.join(aggregator)
    return { meter: joined, collect }
  }))

const seen: Instrument = { name: 'seen', kind: 'counter', unit: '', description: '', attributes: [] }

test('a meter that joins late gets what is measured from then on, and nothing once it has left', async () => {
  const joined = joinedMeter()
  const counter = joined.counter(seen)
  const read = async (): Promise<Observation[]> => [{ instrument: seen, value: 7, attributes: {} }]
  joined.observe([seen], read)
  counter.add(1, {})
  assert.equal(joined.enabled, false)
  const { aggregator, collect } = aggregated()
  const leave = joined.join(aggregator)
  assert.equal(joined.enabled, true)
  counter.add(1, {})
  assert.deepEqual(
    (await collect()).map(({ value }) => value),
    [1, 7],
  )
  leave()
  counter.add(1, {})
  assert.equal(joined.enabled, false)
  assert.deepEqual(
    (await collect()).map(({ value }) => value),
    [1],
  )
})

test('what cannot be read is told', async () => {
  const told: unknown[] = []
  const aggregator = createAggregator((error) => told.push(error))
  const gone = new Error('gone')
  aggregator.observe([seen], () => Promise.reject(gone))
  await aggregator.collect()
  assert.deepEqual(told, [gone])
})
