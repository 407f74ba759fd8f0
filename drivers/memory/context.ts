import { AsyncLocalStorage } from 'node:async_hooks'
import type { ContextStorage } from '../../core/context.js'

/** A context variable on Node's `AsyncLocalStorage`. */
export function asyncContext<T>(): ContextStorage<T> {
  const storage = new AsyncLocalStorage<T | undefined>()
  return {
    run: (value, fn) => storage.run(value, fn),
    get: () => storage.getStore(),
  }
}
