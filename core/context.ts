/** A variable whose value follows asynchronous calls, like Node's `AsyncLocalStorage`. */
export interface ContextStorage<T> {
  /** Runs `fn`, and everything that it starts, with `value` as the current value. */
  run<R>(value: T | undefined, fn: () => R): R
  /** The current value, `undefined` outside of any `run`. */
  get(): T | undefined
}

/** Makes a new, independent context variable. */
export type ContextStorageFactory = <T>() => ContextStorage<T>
