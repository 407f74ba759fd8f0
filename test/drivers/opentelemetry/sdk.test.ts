import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { OpenTelemetryTracerOptions } from '../../../drivers/opentelemetry/options.js'
import { createOpenTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { tracerConformance } from '../../conformance/tracer/tracer-conformance.js'
import { createFakeClock } from '../../kit/clock.js'
import { driverContext } from '../../kit/driver-context.js'
import { reportSpy } from '../../kit/spy.js'
import { samplingTests } from '../tracer-sampling.js'
import { facadeOf } from './facade.js'
import { type Receiver, startReceiver } from './receiver.js'

const open: Receiver[] = []
after(async () => {
  for (const receiver of open) await receiver.close()
})

async function receiving(): Promise<Receiver> {
  const receiver = await startReceiver()
  open.push(receiver)
  return receiver
}

interface Env {
  readonly [name: string]: string
}

async function started(options: OpenTelemetryTracerOptions, env: Env = {}) {
  const report = reportSpy()
  const driver = createOpenTelemetryTracer(options, () => env)
  const service = { name: 'orders', version: '1.2.3' }
  await driver.start?.(driverContext({ report, service, instanceId: 'i-1' }))
  return { driver, tracer: facadeOf(driver), report }
}

tracerConformance({
  test: (name, fn) => test(`our own SDK, over OTLP: ${name}`, fn),
  async create() {
    const receiver = await receiving()
    const driver = createOpenTelemetryTracer({ endpoint: receiver.endpoint }, () => ({}))
    return {
      driver,
      async spans() {
        await driver.flush()
        return receiver.received().map(({ span }) => span)
      },
    }
  },
})

samplingTests('our own SDK, over OTLP', async (sampling) => {
  const receiver = await receiving()
  const { driver, tracer } = await started(
    { endpoint: receiver.endpoint, sampling },
    { OTEL_BSP_MAX_QUEUE_SIZE: '20000' },
  )
  return {
    driver,
    tracer,
    async spans() {
      await driver.flush()
      return receiver.received().map(({ span }) => span)
    },
  }
})

test('one call: name, version, resource, headers and path are those of options and service', async () => {
  await using receiver = await startReceiver()
  const { driver, tracer, report } = await started({
    endpoint: `${receiver.endpoint}/base/`,
    headers: { 'x-team': 'blue' },
    resource: { 'deployment.environment.name': 'test', shards: 3 },
  })
  tracer.span('work', () => {})
  await driver.stop?.()
  const [sent] = receiver.exports
  assert.equal(sent?.path, '/base/v1/traces')
  assert.equal(sent?.headers['content-type'], 'application/x-protobuf')
  assert.equal(sent?.headers['x-team'], 'blue')
  const [{ resource, scope, span } = assert.fail('nothing came')] = receiver.received()
  assert.equal(resource['service.name'], 'orders')
  assert.equal(resource['service.version'], '1.2.3')
  assert.equal(resource['service.instance.id'], 'i-1')
  assert.equal(resource['deployment.environment.name'], 'test')
  assert.equal(resource.shards, 3)
  assert.equal(resource['process.pid'], process.pid)
  assert.equal(resource['telemetry.sdk.name'], 'opentelemetry')
  assert.match(scope, /^triport@\d/)
  assert.equal(span.name, 'work')
  const { exported, failed, endpoint } = driver.status
  assert.deepEqual(
    { exported, failed, endpoint },
    { exported: 1, failed: 0, endpoint: `${receiver.endpoint}/base/v1/traces` },
  )
  assert.deepEqual(report.reports, [])
})

test('the standard variables say where, how and as what', async () => {
  await using receiver = await startReceiver()
  const { driver, tracer } = await started(
    {},
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc,x-a=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-a=2',
      OTEL_SERVICE_NAME: 'renamed',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,team=blue%20one,service.version=9',
    },
  )
  tracer.span('work', () => {})
  await driver.stop?.()
  const [sent] = receiver.exports
  assert.equal(sent?.path, '/v1/traces')
  assert.equal(sent?.headers.authorization, 'Bearer abc')
  assert.equal(sent?.headers['x-a'], '2')
  const [{ resource } = assert.fail('nothing came')] = receiver.received()
  assert.deepEqual([resource['service.name'], resource.team, resource['service.version']], ['renamed', 'blue one', '9'])
})

test('the address for traces is taken as it is', async () => {
  await using receiver = await startReceiver()
  const { driver, tracer } = await started({}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.endpoint}/in` })
  tracer.span('work', () => {})
  await driver.stop?.()
  assert.equal(receiver.exports[0]?.path, '/in')
})

test('OTEL_TRACES_SAMPLER decides where the option does not', async () => {
  const env = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }
  await using receiver = await startReceiver()
  const { endpoint } = receiver
  const fromEnv = await started({ endpoint }, env)
  fromEnv.tracer.span('dropped', () => {})
  await fromEnv.driver.stop?.()
  const fromOption = await started({ endpoint, sampling: 1 }, env)
  fromOption.tracer.span('kept', () => {})
  await fromOption.driver.stop?.()
  assert.deepEqual(
    receiver.received().map(({ span }) => span.name),
    ['kept'],
  )
})

test('time is that of the driver: the same tree under a clock that is moved by hand', async () => {
  await using receiver = await startReceiver()
  const clock = createFakeClock()
  const driver = createOpenTelemetryTracer({ endpoint: receiver.endpoint }, () => ({}))
  await driver.start?.(driverContext({ clock }))
  const span = driver.startSpan('timed')
  await clock.advance(1_500)
  span.event('half')
  await clock.advance(500)
  span.end()
  const flushed = driver.flush()
  await flushed
  const [{ span: kept } = assert.fail('nothing came')] = receiver.received()
  assert.equal(kept.endTime, clock.now())
  assert.equal(kept.endTime - kept.startTime, 2_000)
  assert.equal((kept.events[0]?.time ?? 0) - kept.startTime, 1_500)
})

test('a dead collector costs a counter and one line, and stop ends in time', async () => {
  const receiver = await startReceiver()
  await receiver.close()
  const { driver, tracer, report } = await started({ endpoint: receiver.endpoint })
  for (let i = 0; i < 3; i++) tracer.span('work', () => {})
  const begin = performance.now()
  await driver.stop?.()
  assert.ok(performance.now() - begin < 4_000)
  assert.deepEqual([driver.status.exported, driver.status.failed], [0, 3])
  assert.match(driver.status.lastError ?? '', /ECONNREFUSED/)
  assert.deepEqual(report.stages(), ['tracer.export'])
  assert.match(
    String(report.reports[0]?.error),
    /Spans cannot be sent to http:\/\/127\.0\.0\.1:\d+\/v1\/traces: .*ECONNREFUSED/,
  )
})

test('a collector that never answers keeps neither flush nor stop', async () => {
  await using receiver = await startReceiver()
  receiver.answer = 'hang'
  const { driver, tracer } = await started({ endpoint: receiver.endpoint })
  tracer.span('work', () => {})
  const begin = performance.now()
  await driver.flush(100)
  tracer.span('more', () => {})
  await driver.stop?.()
  assert.ok(performance.now() - begin < 5_000)
  assert.equal(driver.status.exported, 0)
})

test('a failure is told again after a success in between', async () => {
  await using receiver = await startReceiver()
  const { driver, tracer, report } = await started({ endpoint: receiver.endpoint })
  for (const answer of [400, 400, 200, 400] as const) {
    receiver.answer = answer
    tracer.span('work', () => {})
    await driver.flush()
  }
  assert.deepEqual([driver.status.exported, driver.status.failed], [1, 3])
  assert.deepEqual(report.stages(), ['tracer.export', 'tracer.export'])
})

test('a stopped driver starts again', async () => {
  await using receiver = await startReceiver()
  const { driver, tracer } = await started({ endpoint: receiver.endpoint })
  tracer.span('first', () => {})
  await driver.stop?.()
  tracer.span('between', () => {})
  await driver.start?.(driverContext())
  tracer.span('second', () => {})
  await driver.stop?.()
  assert.deepEqual(
    receiver.received().map(({ span }) => span.name),
    ['first', 'second'],
  )
})

test('port 4317 without the package for gRPC is refused, and 4318 named', async () => {
  const code = 'ERR_PEER_MISSING'
  for (const options of [
    { endpoint: 'http://me:secret@127.0.0.1:4317' },
    { endpoint: 'http://me:secret@127.0.0.1:9', protocol: 'grpc' },
  ] as const) {
    await assert.rejects(started(options), ({ code: found, message }: Error & { code: string }) => {
      assert.equal(found, code)
      assert.match(message, /4318/)
      assert.match(message, /npm install @opentelemetry\/exporter-trace-otlp-grpc/)
      assert.ok(!message.includes('secret'))
      return true
    })
  }
})

test('port 4317 is HTTP where that is said', async () => {
  const { driver } = await started({ endpoint: 'http://127.0.0.1:4317', protocol: 'http/protobuf' })
  assert.equal(driver.status.endpoint, 'http://127.0.0.1:4317/v1/traces')
  await driver.stop?.()
})

test('an address that is none is refused without being told', async () => {
  for (const endpoint of ['localhost:4318', 'me:secret', 'ftp://me:secret@host', '']) {
    await assert.rejects(started({ endpoint }), (error: Error) => {
      assert.match(error.message, /endpoint of the tracer is no address/)
      assert.ok(!error.message.includes('secret'))
      return true
    })
  }
})

test('variables that make no sense are told, and left out of account', async () => {
  await using receiver = await startReceiver()
  const { driver, tracer, report } = await started(
    { endpoint: receiver.endpoint },
    {
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'secret',
      OTEL_BSP_MAX_QUEUE_SIZE: '-1',
    },
  )
  tracer.span('work', () => {})
  await driver.stop?.()
  assert.equal(receiver.received().length, 1)
  const told = report.reports.map(({ error }) => String(error)).join('\n')
  for (const part of ['jaeger_remote', 'soon', 'http/json', 'OTEL_EXPORTER_OTLP_HEADERS', '-1'])
    assert.ok(told.includes(part), `${part} in ${told}`)
  assert.ok(!told.includes('secret'))
})

test('OTEL_TRACES_EXPORTER=none exports nothing, otlp exports to this machine', async () => {
  const none = await started({}, { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  assert.equal(none.driver.enabled, false)
  const otlp = await started({}, { OTEL_TRACES_EXPORTER: 'console,otlp' })
  assert.equal(otlp.driver.status.endpoint, 'http://localhost:4318/v1/traces')
  await otlp.driver.stop?.()
})
