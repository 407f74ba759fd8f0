import type { BenchQueue } from './bench-queue.js'
import { turn, verify } from './harness.js'

/** Counts the runs of each of `count` jobs, which are numbered from 0. */
export interface Tally {
  ran(number: number): void
  /** Resolves when all have run and nothing waits or runs any more, after checking that each ran once. */
  ended(queue: Pick<BenchQueue, 'remaining'>): Promise<void>
}

export function createTally(count: number): Tally {
  const runs = new Uint32Array(count)
  const all = Promise.withResolvers<void>()
  let total = 0
  return {
    ran(number) {
      runs[number] = (runs[number] ?? 0) + 1
      if (++total === count) all.resolve()
    },
    async ended(queue) {
      await all.promise
      while ((await queue.remaining()) > 0) await turn()
      verify('runs', total, count)
      verify('jobs that ran once', runs.filter((times) => times === 1).length, count)
    },
  }
}

/** Holds work up until it is opened. */
export interface Gate {
  /** Does the work now when it is open: the gate must not cost what is measured. */
  pass<T>(work: () => T): T | Promise<Awaited<T>>
  open(): void
}

export function createGate(): Gate {
  const opened = Promise.withResolvers<void>()
  let open = false
  return {
    pass<T>(work: () => T) {
      return open ? work() : (opened.promise.then(work) as Promise<Awaited<T>>)
    },
    open() {
      open = true
      opened.resolve()
    },
  }
}
