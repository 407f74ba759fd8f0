import { TriportError } from './errors.js'

/** Holds a driver that exists only between `start()` and `stop()`. */
export interface Late<T> {
  /** @throws `ERR_NOT_STARTED` while nothing is set. */
  get(): T
  /** The value, `undefined` while nothing is set. */
  peek(): T | undefined
  set(value: T | undefined): void
}

/** @param what Names the missing thing in the error: `The queue`. */
export function late<T>(what: string): Late<T> {
  let value: T | undefined
  return {
    get() {
      if (value === undefined) {
        throw new TriportError('ERR_NOT_STARTED', `${what} is not running. Call await runtime.start() first.`)
      }
      return value
    },
    peek: () => value,
    set(next) {
      value = next
    },
  }
}
