import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type BooleanThresholdNetwork, parseNetwork } from '../../docs/examples/grn-service/network.js'
import { analyseBasins, createRule, enumerateStates } from '../../docs/examples/grn-service/state-space.js'

const file = new URL('../../docs/examples/grn-service/networks/yeast-cell-cycle.json', import.meta.url)
const yeast = parseNetwork(await readFile(file, 'utf8')) as BooleanThresholdNetwork

/** Li et al. 2004, table 1: the seven fixed points and their basins. */
const published = [
  { basin: 1764, on: ['Cdh1', 'Sic1'] },
  { basin: 151, on: ['SBF', 'Cln1,2'] },
  { basin: 109, on: ['MBF', 'Cdh1', 'Sic1'] },
  { basin: 9, on: ['Sic1'] },
  { basin: 7, on: [] },
  { basin: 7, on: ['MBF', 'Sic1'] },
  { basin: 1, on: ['Cdh1'] },
]

test('the yeast network has the fixed points and basins of the paper', () => {
  const result = analysed(yeast)
  const found = result.attractors.map(({ basin, cycle }) => ({ basin, on: cycle[0] }))
  assert.deepEqual(found, published)
  assert.ok(result.attractors.every(({ period }) => period === 1))
  assert.equal(result.states, 2048)
})

test('the network has the 11 nodes and 34 edges of the paper, five of them self-degradation', () => {
  assert.equal(yeast.nodes.length, 11)
  assert.equal(yeast.edges.length, 34)
  const self = yeast.edges.filter(({ from, to }) => from === to).map(({ from }) => from)
  assert.deepEqual(self.sort(), ['Cdc20&Cdc14', 'Cln1,2', 'Cln3', 'Mcm1/SFF', 'Swi5'])
})

/** Li et al. 2004, table 2: G1 excited by Cln3 runs through S, G2 and M back to G1 in twelve steps. */
test('the excited G1 state runs through the cell cycle back to the resting one', () => {
  const { path = [] } = analysed(yeast)
  assert.equal(path.length, 13)
  assert.deepEqual(path[1], ['MBF', 'SBF', 'Cdh1', 'Sic1'])
  assert.deepEqual(path[4], ['MBF', 'SBF', 'Cln1,2', 'Clb5,6'])
  assert.deepEqual(path[12], ['Cdh1', 'Sic1'])
})

test('a ring of two repressors has two fixed points and one cycle', () => {
  const result = analysed({
    ...yeast,
    nodes: [{ id: 'a' }, { id: 'b' }],
    edges: [
      { from: 'a', to: 'b', effect: 'represses' },
      { from: 'b', to: 'a', effect: 'represses' },
    ],
    start: ['a', 'b'],
  })
  assert.deepEqual(
    result.attractors.map(({ basin, period }) => ({ basin, period })),
    [
      { basin: 2, period: 1 },
      { basin: 1, period: 1 },
      { basin: 1, period: 1 },
    ],
  )
})

test('an activating ring keeps its single active node going round', () => {
  const { attractors, attractorCount } = analysed({
    ...yeast,
    nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
    edges: ['ab', 'bc', 'ca'].flatMap(([from = '', to = '']) => [
      { from, to, effect: 'activates' as const },
      { from, to: from, effect: 'represses' as const },
    ]),
    start: [],
  })
  assert.equal(attractorCount, 4)
  assert.ok(attractors.some(({ period, cycle }) => period === 3 && cycle.every((on) => on.length === 1)))
})

test('a million fixed points are counted and the first fifty named', () => {
  const nodes = Array.from({ length: 20 }, (_, i) => ({ id: `n${i}` }))
  const result = analysed({ ...yeast, nodes, edges: [], start: [] })
  assert.equal(result.attractorCount, 2 ** 20)
  assert.equal(result.attractors.length, 50)
})

function analysed(network: BooleanThresholdNetwork) {
  const rule = createRule(network)
  return analyseBasins(network, rule, enumerateStates(network, rule))
}
