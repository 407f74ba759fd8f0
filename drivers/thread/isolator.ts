import { Worker, workerData } from 'node:worker_threads'
import { TriportError } from '../../core/errors.js'
import type { Isolator } from '../../core/ports/isolator.js'

/** What tells the worker threads of the isolator from others that load the same file. */
export const threadMark = 'triport.thread'

/**
 * Runs tasks in worker threads.
 *
 * @throws `ERR_UNSUPPORTED` in one of these threads, whose module would open another one of itself for ever.
 */
export function threadIsolator(): Isolator {
  if (workerData === threadMark) throw startedInThread()
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

function startedInThread(): TriportError {
  return new TriportError(
    'ERR_UNSUPPORTED',
    'The module of an isolated task starts a runtime, and its thread imports it too. Ask isMainThread of node:worker_threads before, or put the task in a module of its own.',
  )
}
