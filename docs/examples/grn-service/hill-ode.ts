import type { HillOdeNetwork } from './network.js'

/** Proteins per cell, in the order of the network's nodes, at a time in minutes. Valid until the next point is taken. */
export interface Point {
  readonly minutes: number
  readonly proteins: Float64Array
}

/** The dimensionless numbers of Elowitz and Leibler 2000, box 1, with what turns them back into minutes and molecules. */
export interface HillParameters {
  /** Steady protein level of a free promoter, less `alpha0`, in units of `proteinUnit`. */
  readonly alpha: number
  /** Steady protein level of a fully repressed promoter, in units of `proteinUnit`. */
  readonly alpha0: number
  /** Protein decay rate over mRNA decay rate. */
  readonly beta: number
  readonly hill: number
  /** Minutes in one unit of time, the mean lifetime of an mRNA. */
  readonly timeUnit: number
  /** Proteins per cell in one unit of protein: what halves the effect of a promoter. */
  readonly proteinUnit: number
  /** mRNA per cell in one unit of mRNA. */
  readonly mrnaUnit: number
}

/** Turns what can be measured in a cell into the parameters of the equations. */
export function generateParameters({ parameters: p }: HillOdeNetwork): HillParameters {
  const timeUnit = p.mrnaHalfLifeMinutes / Math.LN2
  const proteinLifetime = p.proteinHalfLifeMinutes / Math.LN2
  const perTranscriptRate = (60 * p.proteinsPerTranscript * proteinLifetime) / p.proteinsForHalfEffect
  const beta = timeUnit / proteinLifetime
  return {
    alpha: (p.transcriptsPerSecond - p.transcriptsPerSecondRepressed) * perTranscriptRate,
    alpha0: p.transcriptsPerSecondRepressed * perTranscriptRate,
    beta,
    hill: p.hillCoefficient,
    timeUnit,
    proteinUnit: p.proteinsForHalfEffect,
    mrnaUnit: (beta * p.proteinsForHalfEffect) / p.proteinsPerTranscript,
  }
}

/**
 * Integrates the network from its start, one point per step: for each gene, with mRNA m and protein p,
 *
 *     dm/dt = -m + alpha * (product over the regulators r of the gene) + alpha0,   dp/dt = -beta * (p - m)
 *
 * where a repressor contributes 1 / (1 + r^n) and an activator r^n / (1 + r^n). With one repressor per gene these are the
 * equations of the paper. The method is the classical Runge-Kutta of order four with a fixed step.
 */
export function* integrate(network: HillOdeNetwork, parameters: HillParameters, stepMinutes: number): Generator<Point> {
  const { timeUnit, mrnaUnit, proteinUnit } = parameters
  const genes = network.nodes.length
  const derivative = createDerivative(network, parameters)
  const step = createRungeKutta(derivative, 2 * genes, stepMinutes / timeUnit)
  const state = Float64Array.from([
    ...network.nodes.map(({ mrna }) => mrna / mrnaUnit),
    ...network.nodes.map(({ protein }) => protein / proteinUnit),
  ])
  const proteins = new Float64Array(genes)
  const steps = Math.round(network.simulation.minutes / stepMinutes)
  for (let i = 0; i <= steps; i++) {
    for (let gene = 0; gene < genes; gene++) proteins[gene] = at(state, genes + gene) * proteinUnit
    yield { minutes: i * stepMinutes, proteins }
    step(state)
  }
}

/** Writes the rates of change at `state` (all mRNAs, then all proteins) into `into`. */
type Derivative = (state: Float64Array, into: Float64Array) => void

function createDerivative({ nodes, edges }: HillOdeNetwork, { alpha, alpha0, beta, hill }: HillParameters): Derivative {
  const genes = nodes.length
  const index = new Map(nodes.map(({ id }, i) => [id, i]))
  const regulators = nodes.map(({ id }) =>
    edges.filter(({ to }) => to === id).map(({ from, effect }) => ({ from: index.get(from) ?? 0, effect })),
  )
  const power = new Float64Array(genes)
  return (state, into) => {
    for (let i = 0; i < genes; i++) power[i] = Math.max(at(state, genes + i), 0) ** hill
    for (let i = 0; i < genes; i++) {
      let activity = 1
      for (const { from, effect } of regulators[i] ?? []) {
        const r = at(power, from)
        activity *= effect === 'represses' ? 1 / (1 + r) : r / (1 + r)
      }
      const mrna = at(state, i)
      into[i] = -mrna + alpha * activity + alpha0
      into[genes + i] = -beta * (at(state, genes + i) - mrna)
    }
  }
}

/** Moves a state of `size` numbers by the time `h`, in place. */
function createRungeKutta(derivative: Derivative, size: number, h: number): (state: Float64Array) => void {
  const zeros = () => new Float64Array(size)
  const [k1, k2, k3, k4, probe] = [zeros(), zeros(), zeros(), zeros(), zeros()]
  const probeAt = (state: Float64Array, slope: Float64Array, time: number) => {
    for (let i = 0; i < size; i++) probe[i] = at(state, i) + time * at(slope, i)
    return probe
  }
  return (state) => {
    derivative(state, k1)
    derivative(probeAt(state, k1, h / 2), k2)
    derivative(probeAt(state, k2, h / 2), k3)
    derivative(probeAt(state, k3, h), k4)
    for (let i = 0; i < size; i++) {
      state[i] = at(state, i) + (h / 6) * (at(k1, i) + 2 * at(k2, i) + 2 * at(k3, i) + at(k4, i))
    }
  }
}

/** A number of an array whose bounds the caller keeps. */
function at(array: Float64Array, index: number): number {
  return array[index] as number
}
