import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { metrics } from '@opentelemetry/api'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { instruments } from '../../../core/metrics/instruments.js'
import { prometheusName } from '../../../core/metrics/prometheus.js'
import type { Instrument, MeterAttributes } from '../../../core/ports/meter.js'
import { defineTask } from '../../../core/queue/task.js'
import { createRuntime } from '../../../drivers/index.js'
import { openTelemetryMeter } from '../../../drivers/opentelemetry/meter.js'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { type Family, parseExposition } from '../../core/metrics/exposition.js'
import { type Collected, meterClaims } from '../../core/metrics/meter-claims.js'
import { driverContext } from '../../kit/driver-context.js'

/** Collects when it is told to. */
class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/** The official SDK, as an application would set it up, and what it has got. */
function applicationSdk() {
  const reader = new Reader()
  const provider = new MeterProvider({ readers: [reader] })
  const collect = async (): Promise<(Collected & { unit: string; description: string })[]> => {
    const { resourceMetrics } = await reader.collect()
    return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
      scope.name !== 'triport'
        ? []
        : metrics.flatMap(({ descriptor, dataPoints }) =>
            dataPoints.map(({ attributes, value }) => {
              const { name, unit, description } = descriptor
              const told = { name, unit, description, attributes: attributes as MeterAttributes }
              if (typeof value === 'number') return { ...told, value }
              const {
                count,
                sum = 0,
                buckets,
              } = value as { count: number; sum?: number; buckets: { counts: number[] } }
              return { ...told, value: { count, sum, counts: buckets.counts } }
            }),
          ),
    )
  }
  return { provider, collect }
}

afterEach(() => metrics.disable())

describe("OpenTelemetry's meter", () =>
  meterClaims(() => {
    const { provider, collect } = applicationSdk()
    return { meter: openTelemetryMeter({ provider }), collect }
  }))

const work = defineTask({ name: 'work', run: (n: number) => n })
const flaky = defineTask({
  name: 'flaky',
  queue: 'slow',
  maxRetries: 1,
  backoff: { delay: '1ms' },
  run: () => {
    throw new TypeError('no such gene')
  },
})
const never = defineTask({ name: 'never', run: () => {} })

test('a scrape has the numbers that the official SDK has, name by name and label by label', async () => {
  const { provider, collect } = applicationSdk()
  await using runtime = createRuntime({
    service: { name: 'shop' },
    tasks: [work, flaky, never],
    metrics: openTelemetryMeter({ provider }),
    report: () => {},
  })
  assert.equal(runtime.metrics.keep(), true)
  await runtime.start()
  const many = await runtime.queue.enqueueMany([
    { task: work, input: 1 },
    { task: work, input: 2 },
  ])
  await Promise.all(many.map(({ job }) => job?.result({ timeout: '5s' })))
  await assert.rejects((await runtime.queue.enqueue(flaky)).result({ timeout: '5s' }))
  await runtime.queue.enqueue(never, undefined, { delay: '1h', id: 'a' })
  await runtime.queue.enqueue(never, undefined, { delay: '1h', id: 'a' })
  await assert.rejects(runtime.queue.enqueue('work', (() => {}) as never))
  await runtime.rooms.broadcastToRoom('workflow:42', { type: 'NOTIFICATION', data: {} })
  await runtime.rooms.broadcastToAll({ type: 'NOTIFICATION', data: {} })

  const collected = await collect()
  const families = parseExposition(await runtime.metrics.text())
  const scraped = families.filter(({ name }) => name !== 'target_info')
  assert.deepEqual(scraped.flatMap(flat).sort(), collected.flatMap(expected).sort())

  const named = (instrument: Instrument) => collected.filter(({ name }) => name === instrument.name)
  const sum = (instrument: Instrument, attributes: MeterAttributes) =>
    named(instrument)
      .filter((point) => Object.entries(attributes).every(([key, value]) => point.attributes[key] === value))
      .reduce((total, { value }) => total + (typeof value === 'number' ? value : value.count), 0)
  assert.equal(sum(instruments.sentMessages, { 'messaging.system': 'triport' }), 4)
  assert.equal(sum(instruments.sentMessages, { 'messaging.destination.template': 'workflow:{id}' }), 1)
  assert.equal(sum(instruments.enqueueDuration, { 'messaging.destination.name': 'default' }), 4)
  assert.equal(sum(instruments.enqueueDuration, { 'error.type': 'ERR_VALUE_UNSUPPORTED' }), 1)
  assert.equal(sum(instruments.consumedMessages, { 'triport.job.name': 'flaky' }), 2)
  assert.equal(sum(instruments.processDuration, { 'triport.job.outcome': 'completed' }), 2)
  assert.equal(sum(instruments.processDuration, { 'triport.job.outcome': 'retry', 'error.type': 'TypeError' }), 1)
  assert.equal(sum(instruments.processDuration, { 'triport.job.outcome': 'failed', 'error.type': 'TypeError' }), 1)
  assert.equal(sum(instruments.waitDuration, {}), 4)
  assert.equal(sum(instruments.retries, { 'messaging.destination.name': 'slow' }), 1)
  assert.equal(sum(instruments.deadLetters, { 'triport.job.reason': 'exhausted' }), 1)
  assert.equal(sum(instruments.queueJobs, { 'triport.job.state': 'delayed' }), 1)
  assert.equal(sum(instruments.queueJobs, { 'triport.job.state': 'failed' }), 1)
  assert.equal(sum(instruments.recipients, {}), 2)
  for (const { name, unit, description, attributes } of collected) {
    const listed = Object.values<Instrument>(instruments).find((instrument) => instrument.name === name)
    assert.deepEqual([unit, description], [listed?.unit, listed?.description])
    for (const key of Object.keys(attributes)) assert.ok(listed?.attributes.includes(key), `${name} lists ${key}`)
  }
})

/** A family of a scrape, a sample a line. */
function flat({ samples }: Family): string[] {
  return samples.map(({ name, labels, value }) => line(name, labels, value))
}

/** What a point of the SDK's is in a scrape. */
function expected({ name, unit, attributes, value }: Collected & { readonly unit: string }): string[] {
  const kind = Object.values<Instrument>(instruments).find((instrument) => instrument.name === name)?.kind ?? 'gauge'
  const called = prometheusName({ name, unit, kind })
  const labels = Object.fromEntries(
    Object.entries(attributes).map(([key, text]) => [key.replaceAll('.', '_'), String(text)]),
  )
  if (typeof value === 'number') return [line(called, labels, value)]
  const bounds = Object.values<Instrument>(instruments).find((instrument) => instrument.name === name)?.buckets ?? []
  const buckets = value.counts.map((_, index) =>
    line(
      `${called}_bucket`,
      { ...labels, le: index < bounds.length ? String(bounds[index]) : '+Inf' },
      value.counts.slice(0, index + 1).reduce((sum, count) => sum + count, 0),
    ),
  )
  return [...buckets, line(`${called}_sum`, labels, value.sum), line(`${called}_count`, labels, value.count)]
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  return `${name} ${JSON.stringify(Object.entries(labels).sort())} ${value}`
}

test('the tracer hands on what is measured to the meter provider that is registered, also one that comes late', async () => {
  const driver = createOpenTelemetryTracer({}, () => ({}))
  await using runtime = createRuntime({ tasks: [work], tracer: driver, report: () => {} })
  assert.equal(runtime.metrics.meter.enabled, false)
  await runtime.start()
  const run = async () => (await runtime.queue.enqueue(work, 1)).result({ timeout: '5s' })
  await run()
  assert.equal(runtime.metrics.meter.enabled, false)
  const begun = async ({ collect }: ReturnType<typeof applicationSdk>) =>
    (await collect()).find(({ name }) => name === instruments.consumedMessages.name)?.value
  for (const jobs of [1, 2]) {
    const sdk = applicationSdk()
    metrics.setGlobalMeterProvider(sdk.provider)
    for (let job = 0; job < jobs; job++) await run()
    assert.equal(await begun(sdk), jobs)
    assert.ok((await sdk.collect()).some(({ name }) => name === instruments.queueJobs.name))
    metrics.disable()
  }
  assert.equal(runtime.metrics.meter.enabled, false)
})

test('nothing is handed on when OpenTelemetry is turned off, or before the start and after the stop', async () => {
  metrics.setGlobalMeterProvider(applicationSdk().provider)
  const off = createOpenTelemetryTracer({}, () => ({ OTEL_SDK_DISABLED: 'true' }))
  await off.start?.(driverContext())
  assert.equal(off.meter.enabled, false)
  const on = createOpenTelemetryTracer({}, () => ({}))
  assert.equal(on.meter.enabled, false)
  await on.start?.(driverContext({ report: () => {} }))
  assert.equal(on.meter.enabled, true)
  await on.stop?.()
  assert.equal(on.meter.enabled, false)
})

test('metrics: false keeps numbers from everybody, and a meter of the configuration goes before that of the tracer', async () => {
  const [global, own] = [applicationSdk(), applicationSdk()]
  metrics.setGlobalMeterProvider(global.provider)
  const tracer = createOpenTelemetryTracer({}, () => ({}))
  await using off = await createRuntime({ tasks: [work], tracer, metrics: false, report: () => {} }).start()
  assert.equal(off.metrics.keep(), false)
  assert.equal(off.metrics.meter.enabled, false)
  const metered = { tasks: [work], tracer: createOpenTelemetryTracer({}, () => ({})), report: () => {} }
  await using runtime = await createRuntime({ ...metered, metrics: openTelemetryMeter(own) }).start()
  await (await runtime.queue.enqueue(work, 1)).result({ timeout: '5s' })
  assert.equal((await global.collect()).length, 0)
  assert.notEqual((await own.collect()).length, 0)
})
