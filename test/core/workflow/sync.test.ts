import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { isTriportError } from '../../../core/errors.js'
import { chain } from '../../../core/workflow/chain.js'
import { nodeOf, takesInput } from '../../../core/workflow/node.js'
import { syncQueue } from '../../../drivers/memory/queue.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { createProcess, createRunning } from '../queue/setup.js'
import { held } from '../queue/tasks.js'
import { build, expected, nests, tasks, withoutReason } from './nesting.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

test('with the sync driver, enqueue resolves when the whole workflow has ended', async () => {
  const property = fc.asyncProperty(nests, fc.nat(9), async (nest, number) => {
    const { queue, worker } = await createProcess({ tasks, driver: (store) => syncQueue({ store }) })
    await worker.start()
    const step = build(nest)
    const input = takesInput(nodeOf(step, 'the test')) ? number : undefined
    const job = await queue.enqueue(chain(step), input as never).catch((error) => {
      if (!isTriportError(error, 'ERR_INPUT_INVALID')) throw error
    })
    if (!job) return
    const { state, result, error } = await job.status()
    const { value, failed } = expected(nest, input)
    assert.equal(state, failed ? 'failed' : 'completed', error?.message)
    if (!failed) assert.equal(JSON.stringify(result, withoutReason), JSON.stringify(value))
  })
  await fc.assert(property, { numRuns: TRIPORT_LONG ? 2_000 : 200, ...seed })
})

test('with the sync driver, a workflow has its trace and its room as well', async () => {
  const { task, started } = held()
  const tracer = memoryTracer()
  const { queue, worker, told, clock } = await createRunning({
    tasks: [task],
    tracer,
    driver: (store) => syncQueue({ store }),
  })
  const enqueued = queue.enqueue(chain(task, task), 1, { room: 'workflow:a' })
  for (let n = 0; n < 2; n++) {
    await clock.advance(1_000)
    started[n]?.gate.open(n)
  }
  assert.equal((await (await enqueued).status()).result, 1)
  await worker.stop()
  assert.deepEqual(
    told.map(([, { status, progress }]) => `${status} ${progress}`),
    ['running 0', 'running 50', 'completed 100'],
  )
  const [producer] = tracer.finished.filter(({ name }) => name === 'enqueue default')
  const processed = tracer.finished.filter(({ name }) => name === 'process default')
  assert.equal(processed.length, 3)
  for (const span of processed) assert.equal(span.parentSpanId, producer?.spanId)
})
