/** The control: an array, a counter of free slots, and promises. It stores nothing else and can lose everything. */
export interface BareQueue {
  enqueue(payload: unknown): Promise<unknown>
  start(): void
}

interface Entry {
  readonly payload: unknown
  readonly resolve: (value: unknown) => void
}

/** @returns A queue whose `enqueue` resolves with the handler's result. */
export function bareQueue(handler: (payload: unknown) => Promise<unknown>, concurrency: number): BareQueue {
  const waiting: Entry[] = []
  let head = 0
  let running = 0
  let started = false

  function next(): void {
    while (started && running < concurrency && head < waiting.length) {
      const entry = waiting[head++] as Entry
      running++
      void handler(entry.payload).then((value) => {
        running--
        entry.resolve(value)
        next()
      })
    }
  }

  return {
    enqueue(payload) {
      return new Promise((resolve) => {
        waiting.push({ payload, resolve })
        if (started) queueMicrotask(next)
      })
    },
    start() {
      started = true
      next()
    },
  }
}
