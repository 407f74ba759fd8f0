/** Stops a timer. Calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void

/** Time as the runtime sees it. Tests inject one that they move by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds from an arbitrary start that never go backwards, with a fraction. For durations. */
  monotonic(): number
  /** Calls `fn` once after `ms` milliseconds. The timer does not keep the process alive. */
  after(ms: number, fn: () => void): CancelTimer
  /** Calls `fn` every `ms` milliseconds. The timer does not keep the process alive. */
  every(ms: number, fn: () => void): CancelTimer
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, longestTimer))
    unref(timer)
    return () => clearTimeout(timer)
  },
  every(ms, fn) {
    const timer = setInterval(fn, Math.min(ms, longestTimer))
    unref(timer)
    return () => clearInterval(timer)
  },
}

/**
 * Resolves after `ms` milliseconds of `clock`, or rejects with the signal's reason when it aborts first.
 */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    function onAbort(): void {
      cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** 2^31 - 1: Node fires a timer with a longer delay after one millisecond. */
const longestTimer = 2_147_483_647

function unref(timer: unknown): void {
  ;(timer as { unref?(): void }).unref?.()
}
