import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { metrics } from '@opentelemetry/api'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { defineTask } from '../../../core/queue/task.js'
import { createRuntime } from '../../../drivers/index.js'
import type { Env } from '../../../drivers/opentelemetry/env.js'
import { metricSettings } from '../../../drivers/opentelemetry/metric-settings.js'
import type { OpenTelemetryTracerOptions } from '../../../drivers/opentelemetry/options.js'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { reportSpy } from '../../kit/spy.js'
import { hide } from './hidden.js'
import { startReceiver } from './receiver.js'

const exporter = '@opentelemetry/exporter-metrics-otlp-proto'

afterEach(() => {
  metrics.disable()
})

const work = defineTask({ name: 'work', run: () => 'done' })

/** A runtime that has run one job, with the SDK started by triport. */
async function started(endpoint: string, env: Env = {}) {
  const report = reportSpy()
  const tracer = createOpenTelemetryTracer({ endpoint }, () => env)
  const runtime = await createRuntime({ service: { name: 'shop' }, tasks: [work], tracer, report }).start()
  await (await runtime.queue.enqueue(work)).result({ timeout: '5s' })
  return { runtime, report, measures: runtime.metrics.meter.enabled }
}

for (const [asked, codes] of [
  [undefined, []],
  ['otlp', ['ERR_PEER_MISSING']],
] as const) {
  test(`without its packages nothing is exported, which ${asked ? 'is told where it was asked for' : 'nobody need know'}`, async () => {
    hide(exporter)
    await using receiver = await startReceiver()
    const { runtime, report, measures } = await started(receiver.endpoint, { OTEL_METRICS_EXPORTER: asked })
    assert.equal(measures, false)
    await runtime.stop()
    assert.deepEqual(
      report.reports.map(({ error }) => (error as { code?: string }).code),
      codes,
    )
  })
}

test('the SDK that is started exports metrics beside spans, when it is told to and when it stops', async () => {
  await using receiver = await startReceiver()
  const { runtime, measures } = await started(receiver.endpoint)
  assert.equal(measures, true)
  const sent = () => receiver.exports.filter(({ path }) => path === '/v1/metrics')
  await runtime.tracer.flush()
  const [first] = sent()
  for (const text of ['messaging.process.duration', 'triport.queue.jobs', 'shop', 'work']) {
    assert.ok(first?.body.includes(text), text)
  }
  await runtime.stop()
  assert.equal(sent().length, 2)
  assert.equal(runtime.metrics.meter.enabled, false)
})

test('OTEL_METRICS_EXPORTER=none, and a provider of the application, keep the SDK from exporting metrics', async () => {
  await using receiver = await startReceiver()
  const none = await started(receiver.endpoint, { OTEL_METRICS_EXPORTER: 'none' })
  assert.equal(none.measures, false)
  await none.runtime.stop()
  metrics.setGlobalMeterProvider(new MeterProvider())
  const theirs = await started(receiver.endpoint)
  assert.equal(theirs.measures, true)
  await theirs.runtime.stop()
  assert.ok(receiver.exports.length > 0)
  assert.ok(receiver.exports.every(({ path }) => path === '/v1/traces'))
})

test('a collector that never answers holds the stop up for two seconds at most, and it does not reject', async () => {
  await using receiver = await startReceiver()
  receiver.answer = 'hang'
  const { runtime } = await started(receiver.endpoint)
  const before = performance.now()
  await runtime.stop()
  assert.ok(performance.now() - before < 4_000)
})

const endpoint = 'http://collector:4318'
const settled: readonly [title: string, options: OpenTelemetryTracerOptions, env: Env, url: string | undefined][] = [
  ['the option, with the path added', { endpoint }, {}, 'http://collector:4318/v1/metrics'],
  ['the option, with a path', { endpoint: `${endpoint}/otlp/` }, {}, 'http://collector:4318/otlp/v1/metrics'],
  [
    'the option, with the path of traces',
    { endpoint: `${endpoint}/v1/traces` },
    {},
    'http://collector:4318/v1/metrics',
  ],
  ['the variable', {}, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, 'http://collector:4318/v1/metrics'],
  [
    'the variable for metrics, as it is',
    { endpoint },
    { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://other/in' },
    'http://other/in',
  ],
  ['nothing but an address for traces', {}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector/in' }, undefined],
  ['none', { endpoint }, { OTEL_METRICS_EXPORTER: 'none' }, undefined],
]

for (const [title, options, env, url] of settled) {
  test(`metrics go to ${title}`, () => {
    const found = metricSettings(options, env, { protocol: 'http/protobuf' }, assert.fail)
    assert.equal(found?.url, url)
  })
}

test('metrics are not sent by gRPC, which is told where they were asked for', () => {
  const told: string[] = []
  const settings = (env: Env) => metricSettings({ endpoint }, env, { protocol: 'grpc' }, (text) => told.push(text))
  assert.equal(settings({}), undefined)
  assert.deepEqual(told, [])
  assert.equal(settings({ OTEL_METRICS_EXPORTER: 'otlp' }), undefined)
  assert.match(told[0] ?? '', /over HTTP only/)
  assert.equal(settings({ OTEL_METRICS_EXPORTER: 'prometheus' }), undefined)
  assert.match(told[1] ?? '', /OTEL_METRICS_EXPORTER is "prometheus"\. Known here: otlp, none/)
})

test('headers, timeout and interval come from their variables, those for metrics first', () => {
  const env = {
    OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=2',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'b=3',
    OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
    OTEL_METRIC_EXPORT_INTERVAL: '15000',
  }
  const found = metricSettings({ endpoint, headers: { c: '4' } }, env, { protocol: 'http/protobuf' }, assert.fail)
  assert.deepEqual(found?.headers, { a: '1', b: '3', c: '4' })
  assert.deepEqual([found?.timeout, found?.interval, found?.asked], [5_000, 15_000, false])
})
