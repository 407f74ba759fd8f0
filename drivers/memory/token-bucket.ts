import type { RateLimit } from '../../core/ports/queue.js'

/** Counts the tokens of one queue. The rate comes with each call: a deployment may change it. */
export interface TokenBucket {
  /** How many whole tokens there are. */
  tokens(rate: RateLimit, now: number): number
  spend(count: number): void
  /** Milliseconds until there is a whole token; 0 when there is one. */
  wait(rate: RateLimit): number
}

/** What fractions add up to wrongly must not hold back a token that is due. */
const rounding = 1e-6

export function createTokenBucket(): TokenBucket {
  let level = Number.POSITIVE_INFINITY
  let filledAt = 0

  return {
    tokens({ tokens, per, burst }, now) {
      const elapsed = Math.max(0, now - filledAt) // The clock may have been set back.
      level = Math.min(burst, level + (elapsed * tokens) / per)
      filledAt = now
      return Math.floor(level + rounding)
    },
    spend(count) {
      level -= count
    },
    wait: ({ tokens, per }) => Math.max(0, Math.ceil(((1 - rounding - level) * per) / tokens)),
  }
}
