import assert from 'node:assert/strict'
import { test } from 'node:test'
import { late } from '../../core/late.js'
import type { TracerDriver } from '../../core/ports/tracer.js'
import { noopTracer } from '../../core/tracer/noop.js'
import { createTracer } from '../../core/tracer/tracer.js'
import { formatTree } from '../../core/tracer/tree.js'
import { type MemoryTracerOptions, memoryTracer } from '../../drivers/memory/tracer.js'
import { tracerConformance } from '../conformance/tracer/tracer-conformance.js'
import { createFakeClock } from '../kit/clock.js'
import { driverContext } from '../kit/driver-context.js'
import { reportSpy } from '../kit/spy.js'
import { samplingTests } from './tracer-sampling.js'

tracerConformance({
  test,
  create() {
    const driver = memoryTracer()
    return { driver, spans: () => driver.finished }
  },
})

tracerConformance({
  test: (name, fn) => test(`noop: ${name}`, fn),
  create: () => ({ driver: noopTracer(), spans: () => [] }),
  enabled: false,
})

samplingTests('memory', async (sampling) => {
  const driver = memoryTracer({ sampling })
  await driver.start?.(driverContext())
  const holder = late<TracerDriver>('The tracer')
  holder.set(driver)
  return { driver, tracer: createTracer(holder), spans: async () => driver.finished }
})

async function started(options: MemoryTracerOptions = {}) {
  const clock = createFakeClock()
  const report = reportSpy()
  const tracer = memoryTracer(options)
  await tracer.start?.(driverContext({ clock, report }))
  return { tracer, clock, report }
}

test('the oldest spans go when the limit is reached', async () => {
  const { tracer } = await started({ limit: 3 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) tracer.startSpan(name).end()
  assert.deepEqual(
    tracer.finished.map((span) => span.name),
    ['c', 'd', 'e'],
  )
  tracer.clear()
  tracer.startSpan('f').end()
  assert.deepEqual(
    tracer.finished.map((span) => span.name),
    ['f'],
  )
})

test('finished spans stay after stop', async () => {
  const { tracer } = await started()
  tracer.startSpan('kept').end()
  await tracer.stop?.()
  assert.equal(tracer.finished.length, 1)
})

test('waitFor gives a span that ended, and waits for one that has not', async () => {
  const { tracer } = await started()
  tracer.startSpan('past').end()
  assert.equal((await tracer.waitFor('past')).name, 'past')
  const next = tracer.waitFor((span) => span.attributes.wanted === true)
  tracer.startSpan('other').end()
  tracer.startSpan('future', { attributes: { wanted: true } }).end()
  assert.equal((await next).name, 'future')
})

test('waitFor gives up after its timeout, names what came, and leaves no timer', async () => {
  const { tracer, clock } = await started()
  tracer.startSpan('other').end()
  const waiting = assert.rejects(tracer.waitFor('missing', { timeout: '2s' }), {
    code: 'ERR_WAIT_TIMEOUT',
    message: 'No span "missing" ended within 2s. The last that ended: other.',
  })
  await clock.advance(2_000)
  await waiting
  const found = tracer.waitFor('found')
  tracer.startSpan('found').end()
  await found
  assert.equal(clock.timers, 0)
})

test('waitFor rejects with what its test throws', async () => {
  const { tracer } = await started()
  const waiting = tracer.waitFor(() => {
    throw new Error('bad test')
  })
  await Promise.resolve()
  tracer.startSpan('any').end()
  await assert.rejects(waiting, /bad test/)
})

test('onEnd hears every span until it is unsubscribed; a listener that throws is reported', async () => {
  const { tracer, report } = await started()
  const heard: string[] = []
  const stop = tracer.onEnd((span) => heard.push(span.name))
  tracer.onEnd(() => {
    throw new Error('listener')
  })
  tracer.startSpan('first').end()
  stop()
  tracer.startSpan('second').end()
  assert.deepEqual(heard, ['first'])
  assert.equal(report.reports.length, 2)
})

test('a redaction that throws hides the value and is reported', async () => {
  const { tracer, report } = await started({
    redact(key, value) {
      if (key === 'bad') throw new Error('redact')
      return value
    },
  })
  tracer.startSpan('span', { attributes: { bad: 'secret', good: 'kept' } }).end()
  assert.deepEqual({ ...tracer.finished[0]?.attributes }, { bad: '[REDACTED]', good: 'kept' })
  assert.deepEqual(report.stages(), ['tracer.redact'])
})

test('durations come from the monotonic clock', async () => {
  const { tracer, clock } = await started()
  const span = tracer.startSpan('timed')
  await clock.advance(1_500)
  span.end()
  const [kept] = tracer.finished
  assert.ok(kept)
  assert.equal(kept.endTime - kept.startTime, 1_500)
  assert.equal(kept.endTime, clock.now())
  assert.equal(kept.service, 'test')
})

test('a span keeps at most 128 attributes, events and links', async () => {
  const { tracer } = await started()
  const span = tracer.startSpan('full', { attributes: numbered('a') }).setAll(numbered('b'))
  for (let i = 0; i < 200; i++) span.event('e').link({ context: { traceId: 'a', spanId: 'b', traceFlags: 0 } })
  span.set('a0', 'replaced').end()
  const [kept] = tracer.finished
  assert.equal(Object.keys(kept?.attributes ?? {}).length, 128)
  assert.equal(kept?.attributes.a0, 'replaced')
  assert.deepEqual([kept?.events.length, kept?.links.length], [128, 128])
})

function numbered(prefix: string): Record<string, number> {
  return Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${prefix}${index}`, index]))
}

test('the tree nests spans by parent in the order of their start, and is drawn a line per span', async () => {
  const { tracer, clock } = await started()
  const request = tracer.startSpan('POST /workflows', { kind: 'server' })
  const context = tracer.withSpan(request, () => tracer.active())
  await clock.advance(5)
  const first = tracer.startSpan('load', { parent: context })
  await clock.advance(5)
  const second = tracer.startSpan('enqueue default', { kind: 'producer', parent: context })
  const carried = tracer.withSpan(second, () => tracer.active())
  second.end()
  await clock.advance(1_200)
  first.fail(new Error('no such network')).end()
  request.end()
  tracer.startSpan('process default', { kind: 'consumer', parent: carried }).end()
  tracer.startSpan('unrelated').end()
  assert.equal(
    formatTree(tracer.tree()),
    `POST /workflows  1.21 s  server  [test]
├─ load  1.21 s  ERROR no such network
└─ enqueue default  0.0 ms  producer
   └─ process default  0.0 ms  consumer
unrelated  0.0 ms  [test]`,
  )
})

test('siblings of one name that caused nothing are drawn as one line, those that failed apart', async () => {
  const { tracer, clock } = await started()
  const parent = tracer.withSpan(tracer.startSpan('process'), () => {
    const span = tracer.activeSpan()
    return { span, context: tracer.active() }
  })
  for (let i = 0; i < 4; i++) {
    const span = tracer.startSpan('broadcast', { parent: parent.context })
    await clock.advance(10)
    if (i === 2) span.fail(new Error('no broker'))
    span.end()
  }
  parent.span?.end()
  assert.equal(
    formatTree(tracer.tree()),
    `process  40.0 ms  [test]
├─ broadcast (3 times)  30.0 ms
└─ broadcast  10.0 ms  ERROR no broker`,
  )
})

test('wrong options are refused', () => {
  assert.throws(() => memoryTracer({ limit: 0 }), { code: 'ERR_OPTION_INVALID', message: /limit is 0/ })
  assert.throws(() => memoryTracer({ sampling: 10 }), { code: 'ERR_OPTION_INVALID', message: /sampling is 10/ })
  assert.throws(() => memoryTracer({ sampling: { ratio: 10 } }), { message: /sampling\.ratio is 10/ })
})
