import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Point } from '../../../core/metrics/aggregator.js'
import { instruments } from '../../../core/metrics/instruments.js'
import { prometheusName, prometheusText } from '../../../core/metrics/prometheus.js'
import type { Instrument } from '../../../core/ports/meter.js'
import { parseExposition, valueIn } from './exposition.js'

const named: readonly [name: string, kind: Instrument['kind'], unit: string, expected: string][] = [
  ['messaging.process.duration', 'histogram', 's', 'messaging_process_duration_seconds'],
  ['messaging.client.sent.messages', 'counter', '{message}', 'messaging_client_sent_messages_total'],
  ['http.server.active_requests', 'upDownCounter', '{request}', 'http_server_active_requests'],
  ['a.backlog', 'gauge', 'By', 'a_backlog_bytes'],
  ['a.used', 'gauge', '1', 'a_used_ratio'],
  ['a.used', 'counter', '1', 'a_used_total'],
  ['a.seconds', 'counter', 's', 'a_seconds_total'],
  ['a..b-c', 'gauge', '', 'a_b_c'],
]

for (const [name, kind, unit, expected] of named) {
  test(`${kind} ${name} in ${unit || 'no unit'} is ${expected}`, () => {
    assert.equal(prometheusName({ name, kind, unit }), expected)
  })
}

test('what a label says comes through whatever is in it', () => {
  const instrument: Instrument = { name: 'odd', kind: 'counter', unit: '', description: 'a\\b\nc', attributes: ['a.b'] }
  for (const text of ['"', '\\', '\n', '\\n', 'a"b\\c\nd', 'ä€😀', '']) {
    const families = parseExposition(prometheusText([{ instrument, attributes: { 'a.b': text }, value: 1 }], {}))
    assert.equal(valueIn(families, 'odd_total', { a_b: text }), 1)
  }
})

test('numbers that are none, or have no end, are written as the format has them', () => {
  const { queueJobs, processDuration: instrument } = instruments
  const points: Point[] = [
    { instrument: queueJobs, attributes: { 'triport.job.state': 'waiting' }, value: Number.POSITIVE_INFINITY },
    { instrument: queueJobs, attributes: { 'triport.job.state': 'active' }, value: Number.NaN },
    { instrument: queueJobs, attributes: { 'triport.job.state': 'delayed' }, value: 1e21 },
    { instrument, attributes: {}, count: 3, sum: 0.1 + 0.2, counts: [1, 0, 2] },
  ]
  const families = parseExposition(prometheusText(points, { 'service.name': 'shop', 'service.version': undefined }))
  assert.equal(valueIn(families, 'triport_queue_jobs', { triport_job_state: 'waiting' }), Number.POSITIVE_INFINITY)
  assert.equal(valueIn(families, 'triport_queue_jobs', { triport_job_state: 'delayed' }), 1e21)
  assert.equal(valueIn(families, 'messaging_process_duration_seconds_sum'), 0.1 + 0.2)
  assert.equal(valueIn(families, 'messaging_process_duration_seconds_bucket', { le: '0.01' }), 1)
  assert.equal(valueIn(families, 'messaging_process_duration_seconds_bucket', { le: '0.025' }), 3)
  assert.deepEqual(families[0]?.samples, [{ name: 'target_info', labels: { service_name: 'shop' }, value: 1 }])
})

test('the list names every instrument once, in words that OpenTelemetry takes, and no id and no room as an attribute', () => {
  const all: Instrument[] = Object.values(instruments)
  assert.equal(new Set(all.map(prometheusName)).size, all.length)
  for (const { name, description, attributes, kind, buckets = [] } of all) {
    assert.match(name, /^[a-z][a-z._]{1,254}$/)
    assert.match(description, /\.$/)
    assert.equal(kind === 'histogram', buckets.length > 0, name)
    assert.deepEqual(
      buckets,
      [...new Set(buckets)].sort((a, b) => a - b),
    )
    for (const attribute of attributes) assert.doesNotMatch(attribute, /\.id$|room|message\.id/)
  }
})
