import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRuntime, defineTask } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'
import { createFakeClock, reportSpy } from 'triport/testing'

const remind = defineTask({ name: 'remind', run: ({ who }: { who: string }) => `reminded ${who}` })

// #region clock
test('the reminder goes out after an hour', async () => {
  const clock = createFakeClock()
  await using runtime = createRuntime({ tasks: [remind], queue: { driver: 'memory' }, clock })
  await runtime.start()

  const job = await runtime.queue.enqueue(remind, { who: 'ada' }, { delay: '1h' })
  await clock.advance(59 * 60_000)
  assert.equal((await job.status()).state, 'delayed')

  await clock.advance(60_000)
  assert.equal((await job.status()).result, 'reminded ada')
})
// #endregion

// #region sync
test('the sync queue has run the job when enqueue resolves', async () => {
  await using runtime = createRuntime({ tasks: [remind], queue: { driver: 'sync' } })
  await runtime.start()
  const job = await runtime.queue.enqueue(remind, { who: 'ada' }, { delay: '1h' })
  assert.equal((await job.status()).state, 'completed')
})
// #endregion

// #region tracer
test('a reminder is one trace, and nothing fails in the background', async () => {
  const tracer = memoryTracer()
  const report = reportSpy()
  await using runtime = createRuntime({ tasks: [remind], tracer, report })
  await runtime.start()

  await runtime.queue.enqueue(remind, { who: 'ada' })
  const process = await tracer.waitFor('process default')
  assert.equal(process.attributes['triport.job.outcome'], 'completed')
  assert.equal(process.traceId, tracer.finished[0]?.traceId)
  assert.deepEqual(report.stages(), [])
})
// #endregion
