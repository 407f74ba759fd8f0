import { type Clock, within } from '../clock.js'
import { TriportError } from '../errors.js'
import type { Late } from '../late.js'
import type { QueueDriver } from '../ports/queue.js'

/**
 * Calls the driver, and waits for its answer no longer than `queueTimeout`.
 *
 * @throws `ERR_NOT_STARTED`, `ERR_DRIVER_UNAVAILABLE`, and what the driver rejects with.
 */
export type Ask = <T>(call: (driver: QueueDriver) => Promise<T>) => Promise<T>

/** @param timeout Milliseconds. */
export function createAsk(driver: Late<QueueDriver>, clock: Clock, timeout: number): Ask {
  return async (call) => answer(clock, timeout, call(driver.get()))
}

/**
 * The answer to a call of the driver, awaited for `ms` milliseconds at most: a link that is half open answers never.
 *
 * @throws `ERR_DRIVER_UNAVAILABLE` when none has come by then.
 */
export async function answer<T>(clock: Clock, ms: number, call: Promise<T>): Promise<T> {
  if (await within(clock, ms, call)) return call
  throw new TriportError('ERR_DRIVER_UNAVAILABLE', `The queue has not answered within ${Math.round(ms)} ms.`)
}
