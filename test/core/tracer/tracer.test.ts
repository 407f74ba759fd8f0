import assert from 'node:assert/strict'
import { test } from 'node:test'
import { late } from '../../../core/late.js'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import { noopSpan } from '../../../core/tracer/noop.js'
import { createTracer } from '../../../core/tracer/tracer.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import { gate } from '../../kit/spy.js'
import { startedTracer } from './support.js'

test('span returns what its function returns, and passes the span to it', async () => {
  const { tracer, driver } = await startedTracer()
  assert.equal(
    tracer.span('sync', (span) => {
      span.set('seen', true)
      return 7
    }),
    7,
  )
  assert.equal(await tracer.span('async', { kind: 'client' }, async () => 'later'), 'later')
  assert.equal(driver.finished[0]?.attributes.seen, true)
  assert.equal(driver.finished[1]?.kind, 'client')
})

test('a span ends when the promise settles, and before whoever awaits it goes on', async () => {
  const { tracer, names } = await startedTracer()
  const work = gate()
  const result = tracer.span('async', () => work.promise)
  assert.deepEqual(names(), [])
  work.open()
  await result
  assert.deepEqual(names(), ['async'])
})

test('what is thrown or rejected comes out unchanged, and fails the span', async () => {
  const { tracer, driver } = await startedTracer()
  const error = new RangeError('too far')
  const throwError = () => {
    throw error
  }
  assert.throws(
    () => tracer.span('sync', throwError),
    (thrown) => thrown === error,
  )
  await assert.rejects(
    tracer.span('async', async () => throwError()),
    (thrown) => thrown === error,
  )
  assert.deepEqual(
    driver.finished.map(({ status, attributes }) => [status, attributes['error.type']]),
    [
      ['error', 'RangeError'],
      ['error', 'RangeError'],
    ],
  )
})

test('a thenable that works in then() works inside the span, once', async () => {
  const { tracer, driver } = await startedTracer()
  let runs = 0
  const query = {
    // biome-ignore lint/suspicious/noThenProperty: a query builder is what is tested
    then(resolve: (rows: string[]) => unknown) {
      runs++
      tracer.startSpan('SELECT').end()
      return Promise.resolve(resolve(['row']))
    },
  }
  assert.deepEqual(await tracer.span('query', () => query), ['row'])
  assert.equal(runs, 1)
  const [select, whole] = driver.finished
  assert.equal(select?.parentSpanId, whole?.spanId)
})

test('before start and after stop every call passes through, with the same span each time', async () => {
  const holder = late<TracerDriver>('The tracer')
  const tracer = createTracer(holder)
  const fn = (a: number) => a + 1
  const wrapped = tracer.wrap('wrapped', fn)
  const check = () => {
    assert.equal(tracer.enabled, false)
    assert.equal(
      tracer.span('off', (span) => span),
      noopSpan,
    )
    assert.equal(wrapped(1), 2)
    assert.equal(tracer.bind(fn), fn)
    assert.deepEqual(tracer.inject({}), {})
  }
  check()
  const driver = memoryTracer()
  await driver.start?.(driverContext())
  holder.set(driver)
  assert.equal(tracer.enabled, true)
  assert.equal(wrapped(1), 2)
  assert.deepEqual(
    driver.finished.map((span) => span.name),
    ['wrapped'],
  )
  holder.set(undefined)
  check()
  assert.equal(driver.finished.length, 1)
})

test('a span without a function is refused at once', async () => {
  const { tracer } = await startedTracer()
  assert.throws(() => tracer.span('empty', {} as never), /got no function/)
})

test('logFields names the current span as OpenTelemetry does in logs, kept or not, and nothing outside of any', async () => {
  for (const [sampling, flags] of [
    [1, '03'],
    [0, '02'],
  ] as const) {
    const { tracer } = await startedTracer(sampling)
    assert.deepEqual(tracer.logFields(), {})
    tracer.span('work', (span) => {
      const { traceId, spanId } = span.context() ?? {}
      assert.deepEqual(tracer.logFields(), { trace_id: traceId, span_id: spanId, trace_flags: flags })
    })
    const remote = tracer.extract({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })
    assert.equal(
      tracer.run(remote, () => tracer.logFields().span_id),
      'b'.repeat(16),
    )
  }
  assert.deepEqual(createTracer(late<TracerDriver>('The tracer')).logFields(), {})
})
