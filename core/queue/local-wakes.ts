import type { NewJob } from '../ports/job.js'

/**
 * Tells the worker of a process of the jobs that the same process enqueues, when they are on their way: its claim follows them. What the
 * backend tells comes two messages later.
 */
export interface LocalWakes {
  /** @returns Ends it. */
  listen(wake: (queue: string) => void): () => void
  /** Jobs are on their way to a driver that keeps the order of calls. */
  sent(jobs: readonly NewJob[]): void
}

export function createLocalWakes(): LocalWakes {
  const listeners = new Set<(queue: string) => void>()
  return {
    listen(wake) {
      const queues = new Set<string>()
      let tell = () => {}
      /** What is chained here runs in the context of who listens: a worker must not go on in that of a request which enqueues. */
      const arm = () => {
        const told = new Promise<void>((resolve) => {
          tell = resolve
        })
        void told.then(() => {
          arm()
          const due = [...queues]
          queues.clear()
          for (const queue of due) wake(queue)
        })
      }
      arm()
      const listener = (queue: string) => {
        queues.add(queue)
        tell()
      }
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    sent(jobs) {
      if (listeners.size === 0) return
      let before: string | undefined
      for (const { queue, delay, runAt } of jobs) {
        if (queue === before || delay > 0 || runAt !== undefined) continue
        before = queue
        for (const listener of listeners) listener(queue)
      }
    },
  }
}
