import { invalidOption } from '../errors.js'

/** Whether a trace that begins here is kept. */
export type RootSampler = (traceId: string) => boolean

/** The first 13 of the last 14 digits: 52 of the 56 random bits, which a number holds exactly. */
const digits = { from: 18, to: 31 } as const
const range = 2 ** 52

/**
 * Keeps `ratio` of all traces, judged by the low 56 bits of the trace id as W3C's consistent sampling does: every
 * service with the same ratio keeps the same traces, and one with a lower ratio keeps a part of them.
 *
 * @param ratio From 0 (none) to 1 (all).
 * @throws `ERR_OPTION_INVALID` for anything else.
 */
export function ratioSampler(ratio: number, option = 'sampling'): RootSampler {
  if (typeof ratio !== 'number' || !(ratio >= 0 && ratio <= 1)) {
    throw invalidOption(`${option} is ${String(ratio)}. Give a share from 0 (no trace) to 1 (every trace).`)
  }
  if (ratio === 1) return () => true
  const threshold = (1 - ratio) * range
  return (traceId) => ratio > 0 && Number.parseInt(traceId.slice(digits.from, digits.to), 16) >= threshold
}
