import { Worker } from 'node:worker_threads'
import type { Isolator } from '../../core/ports/isolator.js'

/** What tells the worker threads of the isolator from others that load the same file. */
export const threadMark = 'triport.thread'

/** Runs tasks in worker threads. */
export function threadIsolator(): Isolator {
  return {
    open(limits, { message, exited }) {
      const worker = new Worker(new URL('./thread.js', import.meta.url), {
        workerData: threadMark,
        resourceLimits: limits,
      })
      let cause: unknown
      worker.on('message', message)
      worker.on('error', (error) => {
        cause = error
      })
      worker.on('exit', (code) => exited(cause ?? new Error(`It exited with code ${code}.`)))
      return {
        post: (data) => worker.postMessage(data),
        hold: (busy) => (busy ? worker.ref() : worker.unref()),
        terminate: () => void worker.terminate(),
      }
    },
  }
}
