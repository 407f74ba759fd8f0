import { setImmediate } from 'node:timers/promises'

/** A long computation that can be paused: yields how much of it is done, 0 to 1, and returns its result. */
export type Work<Result> = Generator<number, Result>

export interface SliceOptions {
  /** Stops the work between two slices; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** Called between slices with how much is done, 0 to 1, whenever that grew by a hundredth. */
  onProgress(done: number): Promise<void>
  /**
   * Milliseconds of work before the event loop gets its turn.
   * @default 5
   */
  readonly budget?: number
}

/** Progress that grew by less is not worth telling. */
const tellStep = 0.01
/** A slice that came this far ends although it has time left, so that the progress of fast work is seen as well. */
const longestStep = 0.05

/**
 * Runs `work` on this thread without keeping it: sockets, timers and other jobs get their turn between slices.
 * For work of minutes rather than seconds, a `worker_threads` pool is the better choice.
 */
export async function runInSlices<Result>(work: Work<Result>, options: SliceOptions): Promise<Result> {
  const { signal, onProgress, budget = 5 } = options
  let told = 0
  for (;;) {
    const slice = runSlice(work, { until: performance.now() + budget, target: told + longestStep })
    if (slice.finished) return slice.result
    if (slice.done - told >= tellStep) {
      told = slice.done
      await onProgress(told)
    }
    await setImmediate()
    signal.throwIfAborted()
  }
}

type Slice<Result> =
  | { readonly finished: true; readonly result: Result }
  | { readonly finished: false; readonly done: number }

function runSlice<Result>(work: Work<Result>, stop: { until: number; target: number }): Slice<Result> {
  for (;;) {
    const { done: finished, value } = work.next()
    if (finished) return { finished, result: value }
    if (value >= stop.target || performance.now() >= stop.until) return { finished: false, done: value }
  }
}
