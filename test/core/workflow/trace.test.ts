import assert from 'node:assert/strict'
import test from 'node:test'
import { chain } from '../../../core/workflow/chain.js'
import { chord, map } from '../../../core/workflow/group.js'
import { step } from '../../../core/workflow/step.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { createRunning } from '../queue/setup.js'
import { add, list, sum, tasks } from './tasks.js'

const soon = { timeout: '10s' } as const

test('every job of a workflow is part of the trace in which it was enqueued', async () => {
  const tracer = memoryTracer()
  const { queue, clock } = await createRunning({ tasks, tracer })
  const workflow = chain(chord([step(add, 1), step(add, 2)], sum), list, map(add), sum)
  const job = await tracer.withSpan(tracer.startSpan('request'), () =>
    queue.enqueue(workflow, undefined, { deadline: '1h' }),
  )
  await job.result(soon)
  await clock.advance(0)
  const producer = tracer.finished.find(({ name }) => name === 'enqueue default')
  assert.ok(producer)
  assert.equal(producer.attributes['messaging.message.id'], job.id)
  assert.equal(producer.attributes['triport.job.name'], 'triport.workflow')
  const processed = tracer.finished.filter(({ name }) => name === 'process default')
  // Two and their sum, a list, the map and its five members, their sum, the whole.
  assert.equal(processed.length, 12)
  for (const span of processed) {
    assert.deepEqual([span.traceId, span.parentSpanId], [producer.traceId, producer.spanId])
  }
})

test('the jobs of a workflow that waits long have a trace of their own', async () => {
  const tracer = memoryTracer()
  const { queue, clock } = await createRunning({ tasks, tracer })
  const job = await queue.enqueue(chain(add, add), 1, { delay: '2m' })
  await clock.advance(120_000)
  assert.equal(await job.result(soon), 3)
  await clock.advance(0)
  const producer = tracer.finished.find(({ name }) => name === 'enqueue default')
  const processed = tracer.finished.filter(({ name }) => name === 'process default')
  assert.equal(processed.length, 3)
  for (const span of processed) {
    assert.notEqual(span.traceId, producer?.traceId)
    assert.equal(span.links[0]?.context.traceId, producer?.traceId)
  }
})
