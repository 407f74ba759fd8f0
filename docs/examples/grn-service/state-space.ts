import type { AttractorsResult } from './api.js'
import type { BooleanThresholdNetwork } from './network.js'
import type { Tell } from './progress.js'

/** The state after this one. A state is a number whose bit i says whether node i is on. */
export type Rule = (state: number) => number

/** An attractor by one of its states. */
export interface Basin {
  readonly entry: number
  readonly period: number
  size: number
}

const maxAttractors = 50
const maxCycle = 16
const maxPath = 100
const statesPerTelling = 64
const unseen = -1
const walking = -2

/**
 * The rule of Li et al. 2004: a node sums its active inputs, +1 for an activator and -1 for a repressor, and turns on above 0,
 * off below 0, and keeps its state at 0. So a node that represses itself decays when nothing keeps it on.
 */
export function createRule({ nodes, edges }: BooleanThresholdNetwork): Rule {
  const bits = new Map(nodes.map(({ id }, bit) => [id, bit]))
  const inputsOf = nodes.map(({ id }) =>
    edges
      .filter(({ to }) => to === id)
      .map(({ from, effect }) => ({ bit: bits.get(from) ?? 0, weight: effect === 'activates' ? 1 : -1 })),
  )
  return (state) => {
    let next = 0
    inputsOf.forEach((inputs, node) => {
      let sum = 0
      for (const { bit, weight } of inputs) if (isOn(state, bit)) sum += weight
      const on = sum === 0 ? isOn(state, node) : sum > 0
      if (on) next |= 1 << node
    })
    return next
  }
}

/** Follows every state to its attractor and counts the basins. */
export function enumerateStates(
  { nodes }: BooleanThresholdNetwork,
  rule: Rule,
  tell: Tell = () => {},
): readonly Basin[] {
  const states = 2 ** nodes.length
  const basins: Basin[] = []
  const basinOf = new Int32Array(states).fill(unseen)
  let visited = 0
  for (let start = 0; start < states; start++) {
    const path: number[] = []
    let state = start
    while (basinOf[state] === unseen) {
      basinOf[state] = walking
      path.push(state)
      state = rule(state)
      if (++visited % statesPerTelling === 0) tell(visited / states)
    }
    const closesCycle = basinOf[state] === walking
    if (closesCycle) basins.push({ entry: state, period: path.length - path.indexOf(state), size: 0 })
    const basin = closesCycle ? basins.length - 1 : (basinOf[state] ?? 0)
    for (const passed of path) basinOf[passed] = basin
    const found = basins[basin]
    if (found) found.size += path.length
  }
  return basins
}

/** Names the attractors and sorts them by their basins. */
export function analyseBasins(
  network: BooleanThresholdNetwork,
  rule: Rule,
  basins: readonly Basin[],
): AttractorsResult {
  const names = (state: number) => network.nodes.filter((_, bit) => isOn(state, bit)).map(({ id }) => id)
  return {
    kind: 'attractors',
    states: 2 ** network.nodes.length,
    attractorCount: basins.length,
    attractors: largest(basins).map(({ entry, period, size }) => ({
      period,
      cycle: trajectory(rule, entry, Math.min(period, maxCycle)).map(names),
      basin: size,
    })),
    ...(network.start === undefined ? {} : { path: pathFrom(network, network.start, rule).map(names) }),
  }
}

/** Sorts no more than it returns: there may be a million basins. */
function largest(basins: readonly Basin[]): Basin[] {
  const top: Basin[] = []
  for (const basin of basins) {
    const smallest = top[maxAttractors - 1]
    if (smallest && smallest.size >= basin.size) continue
    top.push(basin)
    top.sort((a, b) => b.size - a.size)
    top.length = Math.min(top.length, maxAttractors)
  }
  return top
}

function pathFrom({ nodes }: BooleanThresholdNetwork, start: readonly string[], rule: Rule): number[] {
  const first = nodes.reduce((state, { id }, bit) => (start.includes(id) ? state | (1 << bit) : state), 0)
  const path = trajectory(rule, first, maxPath)
  const again = path.findIndex((state, i) => path.indexOf(state) < i)
  return again === -1 ? path : path.slice(0, again)
}

function trajectory(rule: Rule, start: number, length: number): number[] {
  const states = [start]
  while (states.length < length) states.push(rule(states.at(-1) ?? start))
  return states
}

function isOn(state: number, bit: number): boolean {
  return ((state >> bit) & 1) === 1
}
