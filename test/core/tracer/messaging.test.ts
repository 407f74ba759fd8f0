import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagingSystem } from '../../../core/tracer/messaging.js'
import { createRuntime, defineTask } from '../../../drivers/index.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'

const both = { 'messaging.system': 'triport', 'messaging.system.name': 'triport' }
const onlyNew = { 'messaging.system.name': 'triport' }

for (const [optIn, expected] of [
  [undefined, both],
  ['', both],
  ['http,database', both],
  ['messaging', onlyNew],
  ['http, messaging ', onlyNew],
  ['messaging/dup', both],
  ['messaging,messaging/dup', both],
] as const) {
  test(`OTEL_SEMCONV_STABILITY_OPT_IN=${optIn} decides under which names the system is told`, () => {
    assert.deepEqual(messagingSystem(optIn)('triport'), expected)
  })
}

test('every span of messages tells its system as the environment asks', async (t) => {
  process.env.OTEL_SEMCONV_STABILITY_OPT_IN = 'messaging'
  t.after(() => {
    delete process.env.OTEL_SEMCONV_STABILITY_OPT_IN
  })
  const tracer = memoryTracer()
  const noop = defineTask({ name: 'noop', room: () => 'workflow:1', run: (_?: unknown) => {} })
  const runtime = createRuntime({ tasks: [noop], queue: { driver: 'memory' }, rooms: { driver: 'memory' }, tracer })
  await runtime.start()
  await runtime.queue.enqueueMany([{ task: noop }])
  await (await runtime.queue.enqueue(noop)).result({ timeout: '5s' })
  await runtime.stop()
  const names = new Set(tracer.finished.map(({ name }) => name))
  assert.deepEqual([...names].sort(), ['broadcast workflow:{id}', 'enqueue default', 'process default'])
  for (const { attributes } of tracer.finished) {
    assert.equal(attributes['messaging.system'], undefined)
    assert.ok(attributes['messaging.system.name'])
  }
})
