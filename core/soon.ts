const now = Promise.resolve()

/** Calls back with the microtasks. `queueMicrotask` does too, and makes an async resource for each call in Node, which costs more than most callbacks. */
export function soon(fn: () => void): void {
  void now.then(fn)
}
