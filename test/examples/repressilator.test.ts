import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generateParameters } from '../../docs/examples/grn-service/hill-ode.js'
import { type HillOdeNetwork, parseNetwork } from '../../docs/examples/grn-service/network.js'
import { analyseRuns, simulate } from '../../docs/examples/grn-service/simulation.js'

const file = new URL('../../docs/examples/grn-service/networks/repressilator.json', import.meta.url)
const network = parseNetwork(await readFile(file, 'utf8')) as HillOdeNetwork
const parameters = generateParameters(network)
const result = analysed(network)

/**
 * Computed apart from this code: the reactions of BioModels BIOMD0000000012 in molecules and minutes, integrated by SciPy's
 * DOP853 at a relative tolerance of 1e-12, extremes of LacI after 3,000 minutes located by event detection.
 */
const reference = { period: 125.354161386, amplitude: 2318.59139268 }

test('the measured rates give the dimensionless parameters of the paper', () => {
  near(parameters.alpha, 216, 0.5)
  near(parameters.alpha0, 0.216, 0.001)
  near(parameters.beta, 0.2, 1e-12)
  near(parameters.alpha0 / parameters.alpha, 1e-3, 2e-6)
})

/** Elowitz and Leibler 2000, box 1: the steady state is unstable when (beta + 1)^2 / beta < 3 X^2 / (4 + 2 X). */
test('the steady state of these parameters is unstable', () => {
  const { alpha, alpha0, beta, hill } = parameters
  const p = root((p) => alpha / (1 + p ** hill) + alpha0 - p, 0, alpha)
  const x = (-alpha * hill * p ** (hill - 1)) / (1 + p ** hill) ** 2
  assert.ok((beta + 1) ** 2 / beta < (3 * x ** 2) / (4 + 2 * x))
})

test('period and amplitude agree with an independent integration', () => {
  near(result.periodMinutes, reference.period, 1e-5)
  for (const { amplitudeProteins } of result.genes) near(amplitudeProteins, reference.amplitude, 1e-3)
})

test('the period lies within the spread that the paper measured in cells', () => {
  near(result.periodMinutes, 160, 40)
})

test('halving the step changes the period by less than a millionth', () => {
  assert.ok((result.periodErrorMinutes ?? 1) < 1e-6 * reference.period)
  const coarse = analysed({ ...network, simulation: { minutes: 6000, stepMinutes: 0.4 } })
  near(coarse.periodMinutes, reference.period, 1e-3)
})

test('the start does not matter', () => {
  const other = network.nodes.map((node, i) => ({ ...node, mrna: 0, protein: 100 * i }))
  near(analysed({ ...network, nodes: other }).periodMinutes, reference.period, 1e-5)
})

test('a repressor that binds alone makes the network come to rest', () => {
  const still = analysed({ ...network, parameters: { ...network.parameters, hillCoefficient: 1 } })
  assert.equal(still.periodMinutes, undefined)
  assert.deepEqual(
    still.genes.map(({ amplitudeProteins }) => amplitudeProteins),
    [0, 0, 0],
  )
})

test('a step that is far too long says so and is not tried again', () => {
  const long = { ...network, simulation: { minutes: 60_000, stepMinutes: 60 } }
  assert.throws(() => analysed(long), { name: 'FatalTaskError', message: /diverged at .* smaller step/ })
})

test('the series for the plot starts at 0, is short, and has every gene', () => {
  const { minutes, proteins } = result.series
  assert.equal(minutes[0], 0)
  assert.equal(minutes.length, 601)
  assert.deepEqual(
    proteins.map((values) => values.length),
    [601, 601, 601],
  )
})

function analysed(network: HillOdeNetwork) {
  return analyseRuns(network, simulate(network, generateParameters(network)))
}

function near(actual: number | undefined, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs((actual ?? Number.NaN) - expected) <= tolerance,
    `${actual} is not ${expected} within ${tolerance}`,
  )
}

/** Where a falling function crosses 0. */
function root(f: (x: number) => number, low: number, high: number): number {
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (f(middle) > 0) low = middle
    else high = middle
  }
  return low
}
