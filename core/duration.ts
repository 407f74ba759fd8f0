import { TriportError } from './errors.js'

/** A length of time with its unit: milliseconds, seconds, minutes, hours or days. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a duration.
 *
 * @param option What is being read, for the message: `timeout of task "process_workflow"`.
 * @returns Milliseconds, 0 or more.
 * @throws `ERR_DURATION_INVALID` for anything but a non-negative number with a unit.
 */
export function milliseconds(duration: Duration, option: string): number {
  const known = durations.get(duration)
  if (known !== undefined) return known
  const match = typeof duration === 'string' && /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration)
  if (!match) {
    throw new TriportError('ERR_DURATION_INVALID', problemWith(duration, option), {
      details: { option, value: duration },
    })
  }
  const ms = Number(match[1]) * (units[match[2] ?? ''] ?? 0)
  if (durations.size < mostDurations) durations.set(duration, ms)
  return ms
}

/** Programs know few, and read them with each call. */
const durations = new Map<Duration, number>()
const mostDurations = 1_000

function problemWith(value: unknown, option: string): string {
  if (typeof value === 'number') {
    return `${option} is the bare number ${value}. Write '${value}ms' for milliseconds or '${value}s' for seconds.`
  }
  return `${option} is ${JSON.stringify(value) ?? String(value)}. Write a number with a unit, such as '250ms', '30s', '10m', '2h' or '7d'.`
}
