import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generateParameters } from '../../docs/examples/grn-service/hill-ode.js'
import {
  type BooleanThresholdNetwork,
  type HillOdeNetwork,
  parseNetwork,
} from '../../docs/examples/grn-service/network.js'
import { simulate } from '../../docs/examples/grn-service/simulation.js'
import { runInSlices, type Work } from '../../docs/examples/grn-service/slices.js'
import { createRule, enumerateStates } from '../../docs/examples/grn-service/state-space.js'

const folder = new URL('../../docs/examples/grn-service/networks/', import.meta.url)
const repressilator = parseNetwork(await readFile(new URL('repressilator.json', folder), 'utf8')) as HillOdeNetwork
const yeast = parseNetwork(await readFile(new URL('yeast-cell-cycle.json', folder), 'utf8')) as BooleanThresholdNetwork

test('progress only grows, from near 0 to near 1', async () => {
  for (const work of [
    simulate(repressilator, generateParameters(repressilator)),
    enumerateStates(yeast, createRule(yeast)),
  ]) {
    const told: number[] = []
    await runInSlices<unknown>(work, {
      signal: new AbortController().signal,
      onProgress: async (done) => void told.push(done),
    })
    assert.deepEqual(
      told,
      told.toSorted((a, b) => a - b),
    )
    assert.ok((told[0] ?? 1) <= 0.1 && (told.at(-1) ?? 0) >= 0.9 && told.length >= 10, told.join(' '))
  }
})

test('the event loop gets its turn between slices', async () => {
  let turns = 0
  let turn = setImmediate(count)
  function count(): void {
    turns++
    turn = setImmediate(count)
  }
  let slices = 0
  await runInSlices(busy(200), {
    signal: new AbortController().signal,
    budget: 2,
    onProgress: async () => void slices++,
  })
  clearImmediate(turn)
  assert.ok(slices >= 20, `${slices} slices`)
  assert.ok(turns >= slices / 4, `${turns} turns in ${slices} slices`)
})

/** The longest of many parts is compared generously: other programs share the machine. */
test('no part of a large network keeps the thread for long', () => {
  const nodes = Array.from({ length: 20 }, (_, i) => ({ id: `n${i}` }))
  const edges = nodes.flatMap(({ id: from }, i) =>
    nodes.map(({ id: to }, j) => ({
      from,
      to,
      effect: (i * j) % 3 === 0 ? ('activates' as const) : ('represses' as const),
    })),
  )
  const large = { ...yeast, nodes, edges, start: [] }
  const times = partTimes(enumerateStates(large, createRule(large)), 2000)
  const sorted = times.toSorted((a, b) => a - b)
  assert.ok((sorted[Math.floor(times.length * 0.99)] ?? 0) < 5, `99% of the parts within ${sorted.at(-20)} ms`)
})

test('an aborted signal stops the work with its reason', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const run = runInSlices(busy(10_000), {
    signal: controller.signal,
    onProgress: async () => controller.abort(reason),
  })
  await assert.rejects(run, reason)
})

function* busy(milliseconds: number): Work<void> {
  for (let i = 0; i < milliseconds; i++) {
    const until = performance.now() + 1
    while (performance.now() < until);
    yield i / milliseconds
  }
}

function partTimes(work: Work<unknown>, count: number): number[] {
  return Array.from({ length: count }, () => {
    const start = performance.now()
    work.next()
    return performance.now() - start
  })
}
