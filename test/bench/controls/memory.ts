import { type BenchQueue, payloadOf, type Run } from '../bench-queue.js'

interface Entry {
  readonly payload: { readonly number: number }
  readonly resolve: (value: unknown) => void
}

/** The control: an array, a counter of free slots, and promises. It keeps no record and can lose everything. */
export function bareQueue(run: Run | undefined, concurrency: number): BenchQueue {
  const waiting: Entry[] = []
  let head = 0
  let running = 0

  function next(): void {
    while (run && running < concurrency && head < waiting.length) {
      const entry = waiting[head++] as Entry
      running++
      void (async () => run(entry.payload.number))().then((value) => {
        running--
        entry.resolve(value)
        next()
      })
    }
  }

  function push(number: number): Promise<unknown> {
    return new Promise((resolve) => {
      waiting.push({ payload: payloadOf(number), resolve })
      queueMicrotask(next)
    })
  }

  return {
    enqueue: async (number) => void push(number),
    enqueueMany: async (numbers) => {
      for (const number of numbers) void push(number)
    },
    call: push,
    remaining: async () => waiting.length - head + running,
    close: async () => {},
  }
}
