import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sampling } from '../../../core/tracer/sampler.js'
import { pairsFrom, samplingFromEnv } from '../../../drivers/opentelemetry/env.js'
import { exportSettings } from '../../../drivers/opentelemetry/settings.js'

const silent = (text: string) => assert.fail(text)

const samplers: readonly (readonly [
  name: string | undefined,
  arg: string | undefined,
  expected: Sampling | undefined,
])[] = [
  [undefined, '0.5', undefined],
  ['', undefined, undefined],
  ['always_on', undefined, { ratio: 1, remoteParent: 'ignore' }],
  ['always_off', undefined, { ratio: 0, remoteParent: 'ignore' }],
  ['traceidratio', '0.25', { ratio: 0.25, remoteParent: 'ignore' }],
  ['traceidratio', undefined, { ratio: 1, remoteParent: 'ignore' }],
  ['parentbased_always_on', undefined, 1],
  ['parentbased_always_off', undefined, 0],
  ['parentbased_traceidratio', ' 0.1 ', 0.1],
  ['parentbased_traceidratio', '', 1],
]
for (const [name, arg, expected] of samplers) {
  test(`OTEL_TRACES_SAMPLER=${name} with ${arg}`, () => {
    const env = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg }
    assert.deepEqual(samplingFromEnv(env, silent), expected)
  })
}

test('an argument that is no share is told, and everything kept', () => {
  for (const arg of ['2', '-1', 'half']) {
    const told: string[] = []
    const env = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: arg }
    assert.equal(
      samplingFromEnv(env, (text) => told.push(text)),
      1,
    )
    assert.match(told[0] ?? '', new RegExp(`OTEL_TRACES_SAMPLER_ARG is "${arg}"`))
  }
})

test('pairs are decoded, with blanks around them and equals signs in them', () => {
  assert.deepEqual(pairsFrom('X', 'a=1, b = x%20y ,c=d=e,', silent), { a: '1', b: 'x y', c: 'd=e' })
  assert.deepEqual(pairsFrom('X', 'authorization=Bearer abc', silent), { authorization: 'Bearer abc' })
  const told: string[] = []
  assert.deepEqual(
    pairsFrom('X', 'secret,=secret,a=%zz', (text) => told.push(text)),
    {},
  )
  assert.equal(told.length, 3)
  assert.ok(!told.join().includes('secret'))
})

type Case = readonly [what: string, env: Readonly<Record<string, string>>, url: string | undefined, protocol?: string]
const base = 'OTEL_EXPORTER_OTLP_ENDPOINT'
const cases: readonly Case[] = [
  ['nothing', {}, undefined],
  ['an address', { [base]: 'http://c:4318' }, 'http://c:4318/v1/traces', 'http/protobuf'],
  ['an address with a path', { [base]: 'https://c/otlp/' }, 'https://c/otlp/v1/traces', 'http/protobuf'],
  ['an address with the path of traces', { [base]: 'http://c/v1/traces' }, 'http://c/v1/traces', 'http/protobuf'],
  ['port 4317', { [base]: 'http://c:4317' }, 'http://c:4317/', 'grpc'],
  ['the protocol grpc', { [base]: 'http://c:9', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'http://c:9/', 'grpc'],
  [
    'a protocol for traces',
    { [base]: 'http://c:9', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
    'http://c:9/v1/traces',
    'http/protobuf',
  ],
  ['the exporter alone', { OTEL_TRACES_EXPORTER: 'otlp' }, 'http://localhost:4318/v1/traces', 'http/protobuf'],
  [
    'the exporter alone, by gRPC',
    { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'http://localhost:4317/',
    'grpc',
  ],
  ['another exporter', { OTEL_TRACES_EXPORTER: 'zipkin', [base]: 'http://c:4318' }, undefined],
  ['an empty address', { [base]: ' ' }, undefined],
]
for (const [what, env, url, protocol] of cases) {
  test(`where to: ${what}`, () => {
    const settings = exportSettings({}, env, silent)
    assert.deepEqual([settings?.url, settings?.protocol], [url, protocol])
  })
}

test('how long, and in which batches', () => {
  const env = {
    [base]: 'http://c',
    OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '3000',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_BSP_MAX_QUEUE_SIZE: '10',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5',
    OTEL_BSP_EXPORT_TIMEOUT: '200',
  }
  const { timeout, batch } = exportSettings({}, env, silent) ?? {}
  assert.equal(timeout, 3_000)
  assert.deepEqual(batch, {
    scheduledDelayMillis: 100,
    exportTimeoutMillis: 200,
    maxQueueSize: 10,
    maxExportBatchSize: 5,
  })
})

test('credentials in an address are sent and never shown', () => {
  const settings = exportSettings({ endpoint: 'https://me:secret@c/otlp?key=secret' }, {}, silent)
  assert.ok(settings?.url.includes('me:secret@'))
  assert.equal(settings?.shownEndpoint, 'https://c/otlp/v1/traces')
})
