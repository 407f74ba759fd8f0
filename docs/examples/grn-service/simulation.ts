import { FatalTaskError } from 'triport'
import type { OscillationResult, Series } from './api.js'
import { type HillParameters, integrate } from './hill-ode.js'
import type { HillOdeNetwork } from './network.js'
import { createOscillationMeter, type Oscillation } from './oscillation.js'
import type { Tell } from './progress.js'

/** One integration: how each gene moved. */
export interface Run {
  readonly oscillations: readonly Oscillation[]
  readonly series: Series
}

const seriesLength = 600
const seriesMinutes = 1200
const pointsPerTelling = 50

/** Integrates the network with its own step and then with half of it. */
export function simulate(
  network: HillOdeNetwork,
  parameters: HillParameters,
  tell: Tell = () => {},
): { run: Run; halved: Run } {
  const { stepMinutes } = network.simulation
  const run = integrateOnce(network, parameters, stepMinutes, (done) => tell(done / 3))
  const halved = integrateOnce(network, parameters, stepMinutes / 2, (done) => tell((1 + 2 * done) / 3))
  return { run, halved }
}

/** What the two integrations say about the network. */
export function analyseRuns(network: HillOdeNetwork, { run, halved }: { run: Run; halved: Run }): OscillationResult {
  const period = meanPeriod(halved)
  const coarse = meanPeriod(run)
  return {
    kind: 'oscillation',
    ...(period === undefined ? {} : { periodMinutes: period }),
    ...(period === undefined || coarse === undefined ? {} : { periodErrorMinutes: Math.abs(period - coarse) }),
    genes: network.nodes.map(({ id }, i) => ({
      id,
      meanProteins: halved.oscillations[i]?.mean ?? 0,
      amplitudeProteins: halved.oscillations[i]?.amplitude ?? 0,
    })),
    series: halved.series,
  }
}

function integrateOnce(network: HillOdeNetwork, parameters: HillParameters, stepMinutes: number, tell: Tell): Run {
  const { minutes: length } = network.simulation
  const meters = network.nodes.map(() => createOscillationMeter(length / 2))
  const series = { minutes: [] as number[], proteins: network.nodes.map((): number[] => []) }
  const spacing = Math.min(length, seriesMinutes) / seriesLength
  let points = 0
  for (const { minutes, proteins } of integrate(network, parameters, stepMinutes)) {
    if (!proteins.every(Number.isFinite)) {
      throw new FatalTaskError(`The simulation diverged at ${minutes.toFixed(1)} min. Give the network a smaller step.`)
    }
    proteins.forEach((value, i) => {
      meters[i]?.add(minutes, value)
    })
    if (series.minutes.length <= seriesLength && minutes >= series.minutes.length * spacing) {
      series.minutes.push(minutes)
      proteins.forEach((value, i) => {
        series.proteins[i]?.push(value)
      })
    }
    if (++points % pointsPerTelling === 0) tell(minutes / length)
  }
  return { oscillations: meters.map((meter) => meter.result()), series }
}

function meanPeriod({ oscillations }: Run): number | undefined {
  const periods = oscillations.flatMap(({ period }) => (period === undefined ? [] : [period]))
  return periods.length === 0 ? undefined : periods.reduce((sum, period) => sum + period, 0) / periods.length
}
