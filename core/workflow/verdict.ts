import type { Outcome } from '../ports/queue.js'

/** Ends an attempt in a way that is decided already. The library's own code throws it. */
export class Verdict extends Error {
  constructor(
    readonly outcome: Exclude<Outcome, { readonly type: 'completed' }>,
    readonly detail: unknown,
  ) {
    super(`Decided: ${outcome.type}`)
  }
}
