import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { trace } from '@opentelemetry/api'
import type { Env } from '../../../core/placement.js'
import { runtimeFactory } from '../../../core/runtime.js'
import { nodePlatform, table } from '../../../drivers/index.js'
import { findOpenTelemetry } from '../../../drivers/opentelemetry/found.js'
import { reportSpy } from '../../kit/spy.js'
import { hide } from './hidden.js'
import { applicationSdk } from './support.js'

const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9'

afterEach(() => {
  trace.disable()
})

test('a package that is missing leaves tracing off, and the reason names it', async () => {
  hide('@opentelemetry/exporter-trace-otlp-proto')
  assert.deepEqual(await findOpenTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT }), {
    use: false,
    reason: 'OTEL_EXPORTER_OTLP_ENDPOINT is set but @opentelemetry/exporter-trace-otlp-proto is not installed',
  })
})

const cases: readonly [title: string, env: Env, use: boolean, reason: string | undefined][] = [
  ['nothing', {}, false, undefined],
  ['an address', { OTEL_EXPORTER_OTLP_ENDPOINT }, true, 'OTEL_EXPORTER_OTLP_ENDPOINT is set'],
  [
    'an address for traces',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/in' },
    true,
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set',
  ],
  ['an exporter', { OTEL_TRACES_EXPORTER: 'otlp' }, true, 'OTEL_TRACES_EXPORTER is set'],
  ['no exporter', { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT }, false, undefined],
  ['all turned off', { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT }, false, 'OTEL_SDK_DISABLED is true'],
  ['an address in a test run', { NODE_ENV: 'test', OTEL_EXPORTER_OTLP_ENDPOINT }, false, undefined],
  ['a name of the service alone', { OTEL_SERVICE_NAME: 'shop' }, false, undefined],
]

for (const [title, env, use, reason] of cases) {
  test(`the environment has ${title}: OpenTelemetry is ${use ? '' : 'not '}used`, async () => {
    assert.deepEqual(await findOpenTelemetry(env), { use, ...(reason === undefined ? {} : { reason }) })
  })
}

test('a provider that is registered is used, in tests too, unless all is turned off', async () => {
  trace.setGlobalTracerProvider(applicationSdk().provider)
  const reason = 'an OpenTelemetry provider is registered'
  assert.deepEqual(await findOpenTelemetry({ NODE_ENV: 'test' }), { use: true, reason })
  assert.equal((await findOpenTelemetry({ OTEL_SDK_DISABLED: 'true' })).use, false)
})

/** What a runtime in this environment says of its tracer. */
async function tracerIn(env: Env) {
  const lines: string[] = []
  const create = runtimeFactory(table, { ...nodePlatform, env: () => env, write: (line) => lines.push(line) })
  const ports = { queue: { driver: 'memory' }, rooms: { driver: 'memory' } } as const
  await using runtime = await create({ ...ports, report: reportSpy() }).start()
  const { drivers, tracer } = await runtime.inspect()
  return { chosen: drivers.tracer, tracer, lines }
}

test('a tracer that is left out goes to the provider that is registered; line and inspect say so, with its status', async () => {
  trace.setGlobalTracerProvider(applicationSdk().provider)
  const { chosen, tracer, lines } = await tracerIn({})
  const reason = 'an OpenTelemetry provider is registered'
  assert.deepEqual(chosen, { name: 'opentelemetry', chosenBy: 'auto', reason })
  assert.deepEqual(tracer, { enabled: true, provider: 'registered', exported: 0, failed: 0 })
  assert.deepEqual(lines, [`triport uses opentelemetry for tracer, because ${reason}.`])
})

test('a tracer that is left out is off when nothing asks for spans', async () => {
  const { chosen, tracer } = await tracerIn({})
  assert.equal(chosen?.name, 'noop')
  assert.deepEqual(tracer, { enabled: false })
})

test('TRIPORT_TRACER goes before a provider that is registered', async () => {
  trace.setGlobalTracerProvider(applicationSdk().provider)
  const { chosen } = await tracerIn({ TRIPORT_TRACER: 'noop' })
  assert.deepEqual([chosen?.name, chosen?.reason], ['noop', 'TRIPORT_TRACER is "noop"'])
})
