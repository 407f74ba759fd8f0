import assert from 'node:assert/strict'
import test from 'node:test'
import { defineTask } from '../../../core/queue/task.js'
import { chain } from '../../../core/workflow/chain.js'
import { chord, map } from '../../../core/workflow/group.js'
import { step } from '../../../core/workflow/step.js'
import { createRunning } from '../queue/setup.js'

const add = defineTask({ name: 'add', run: (n: number) => n + 1 })
const list = defineTask({ name: 'list', run: (n: number) => Array.from({ length: n }, (_, i) => i) })
const sum = defineTask({ name: 'sum', run: (ns: readonly number[]) => ns.reduce((a, b) => a + b, 0) })
const tasks = [add, list, sum]

test('a chain passes each result on', async () => {
  const { queue } = await createRunning({ tasks })
  const job = await queue.enqueue(chain(add, add, add), 1)
  assert.equal(await job.result({ timeout: '1s' }), 4)
})

test('the members of a map are found at run time, and its results keep their order', async () => {
  const { queue } = await createRunning({ tasks })
  const job = await queue.enqueue(chain(list, map(add), sum), 3)
  assert.equal(await job.result({ timeout: '1s' }), 6)
})

test('the callback of a chord gets all results', async () => {
  const { queue } = await createRunning({ tasks })
  const job = await queue.enqueue(chord([step(add, 1), step(add, 2)], sum))
  assert.equal(await job.result({ timeout: '1s' }), 5)
})
