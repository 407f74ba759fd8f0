import type { Clock } from '../clock.js'

/** The time of spans: by the monotonic clock, so that no duration is negative, in the terms of the time of day. */
export interface SpanClock {
  /** Milliseconds since the epoch, with a fraction. */
  now(): number
  /** Follows a clock that was set. Done where a trace begins, so that it never moves a span against its parent. */
  adjust(): void
}

/** Above this many milliseconds, the machine's clock was set rather than read imprecisely. */
const maxDrift = 50

export function spanClock(clock: Clock): SpanClock {
  let epoch = clock.now() - clock.monotonic()
  return {
    now: () => epoch + clock.monotonic(),
    adjust() {
      const next = clock.now() - clock.monotonic()
      if (Math.abs(next - epoch) > maxDrift) epoch = next
    },
  }
}
