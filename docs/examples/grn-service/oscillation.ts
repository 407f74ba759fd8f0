/** How one quantity moves once the start is forgotten. */
export interface Oscillation {
  /** Mean time between two maxima; absent when the motion dies down or never turned often enough. */
  readonly period?: number
  /** Mean maximum less mean minimum, 0 without oscillation. */
  readonly amplitude: number
  readonly mean: number
}

/** Measures an oscillation point by point, so that no trajectory has to be kept. */
export interface OscillationMeter {
  add(time: number, value: number): void
  result(): Oscillation
}

interface Turn {
  readonly time: number
  readonly value: number
}

/** A swing smaller than this share of the mean is rounding, not motion. */
const smallestSwing = 1e-6
/** The last swing of a sustained oscillation is at least this share of the first one. */
const sustained = 0.99

/** Ignores what comes before `settled`. Points must be evenly spaced. */
export function createOscillationMeter(settled: number): OscillationMeter {
  const maxima: Turn[] = []
  const minima: Turn[] = []
  let [before, last] = [Number.NaN, Number.NaN]
  let lastTime = 0
  let [sum, count] = [0, 0]
  return {
    add(time, value) {
      if (time >= settled) {
        sum += value
        count++
        if (last > before && last >= value) maxima.push(vertex({ before, last, value, lastTime, time }))
        if (last < before && last <= value) minima.push(vertex({ before, last, value, lastTime, time }))
      }
      before = last
      last = value
      lastTime = time
    },
    result: () => summarize(maxima, minima, sum / Math.max(count, 1)),
  }
}

/** The turning point of the parabola through three evenly spaced points. */
function vertex(p: { before: number; last: number; value: number; lastTime: number; time: number }): Turn {
  const slope = (p.value - p.before) / 2
  const curvature = p.value - 2 * p.last + p.before
  const shift = curvature === 0 ? 0 : -slope / curvature
  return { time: p.lastTime + shift * (p.time - p.lastTime), value: p.last + (slope * shift) / 2 }
}

function summarize(maxima: readonly Turn[], minima: readonly Turn[], mean: number): Oscillation {
  const swings = maxima.map(({ value }, i) => value - (minima[i]?.value ?? value)).slice(0, minima.length)
  const [first, final] = [swings[0], swings.at(-1)]
  if (first === undefined || final === undefined || swings.length < 3) return { amplitude: 0, mean }
  if (first < smallestSwing * mean || final < sustained * first) return { amplitude: 0, mean }
  return {
    period: ((maxima.at(-1)?.time ?? 0) - (maxima[0]?.time ?? 0)) / (maxima.length - 1),
    amplitude: average(maxima) - average(minima),
    mean,
  }
}

function average(turns: readonly Turn[]): number {
  return turns.reduce((sum, { value }) => sum + value, 0) / turns.length
}
