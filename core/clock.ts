/** Stops a timer. Calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void

/** How a timer runs. */
export interface TimerOptions {
  /** Whether the process stays alive for it: for timers that keep a promise that somebody waits for. @default false */
  readonly keepAlive?: boolean
}

/** Time as the runtime sees it. Tests inject one that they move by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds from an arbitrary start that never go backwards, with a fraction. For durations. */
  monotonic(): number
  /** Calls `fn` once after `ms` milliseconds. */
  after(ms: number, fn: () => void, options?: TimerOptions): CancelTimer
  /** Calls `fn` every `ms` milliseconds. */
  every(ms: number, fn: () => void, options?: TimerOptions): CancelTimer
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn, options) {
    const timer = setTimeout(fn, Math.min(ms, longestTimer))
    if (!options?.keepAlive) unref(timer)
    return () => clearTimeout(timer)
  },
  every(ms, fn, options) {
    const timer = setInterval(fn, Math.min(ms, longestTimer))
    if (!options?.keepAlive) unref(timer)
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

/**
 * Waits for `promise`, for `ms` milliseconds of `clock` at most.
 *
 * @returns Whether it resolved in time.
 * @throws what it rejects with in time.
 */
export function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false))
    promise.then(() => resolve(true), reject).finally(cancel)
  })
}

/** What `promise` comes to, unless the signal aborts first. @throws its reason then. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** 2^31 - 1: Node fires a timer with a longer delay after one millisecond. */
const longestTimer = 2_147_483_647

function unref(timer: unknown): void {
  ;(timer as { unref?(): void }).unref?.()
}
