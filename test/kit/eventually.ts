import { setTimeout as pause } from 'node:timers/promises'

/** Options of `eventually`. */
export interface EventuallyOptions {
  /** Milliseconds of real time after which the last failure is thrown. @default 5000 */
  readonly within?: number
}

/** Tries `assertion` until it passes, and returns what it returned. */
export async function eventually<T>(assertion: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const end = performance.now() + (options.within ?? 5_000)
  for (;;) {
    try {
      return await assertion()
    } catch (error) {
      if (performance.now() >= end) throw error
      await pause(5)
    }
  }
}
