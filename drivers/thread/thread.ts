import { AsyncLocalStorage } from 'node:async_hooks'
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { ContextStorage } from '../../core/context.js'
import { createGuest } from '../../core/isolation/guest.js'
import { threadMark } from './isolator.js'

/** The code of a worker thread. Anywhere else it does nothing. */
if (parentPort && workerData === threadMark) {
  const port = parentPort
  const guest = createGuest({
    contextStorage: asyncContext,
    post: (message) => port.postMessage(message),
    load: (module) => import(isAbsolute(module) ? pathToFileURL(module).href : module),
    afterTurn: (fn) => void setImmediate(fn),
  })
  port.on('message', guest)
}

function asyncContext<T>(): ContextStorage<T> {
  const storage = new AsyncLocalStorage<T | undefined>()
  return { run: (value, fn) => storage.run(value, fn), get: () => storage.getStore() }
}
