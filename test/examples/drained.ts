import type { Work } from '../../docs/examples/grn-service/slices.js'

/** Runs `work` to its end and returns its result. */
export function drained<Result>(work: Work<Result>): Result {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}
