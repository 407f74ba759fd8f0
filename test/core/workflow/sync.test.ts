import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { isTriportError } from '../../../core/errors.js'
import { chain } from '../../../core/workflow/chain.js'
import { nodeOf, takesInput } from '../../../core/workflow/node.js'
import { syncQueue } from '../../../drivers/memory/queue.js'
import { createProcess } from '../queue/setup.js'
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
