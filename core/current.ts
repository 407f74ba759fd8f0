import type { ContextStorage } from './context.js'
import { TriportError } from './errors.js'
import type { TaskQueue } from './queue/queue.js'
import type { Rooms } from './rooms/hub.js'
import type { Tracer } from './tracer/tracer.js'

/** What `getTracer()`, `getTaskQueue()` and `getRooms()` give out. */
export interface CurrentRuntime {
  readonly queue: TaskQueue
  readonly tracer: Tracer
  readonly rooms: Rooms
}

/** A started runtime, and the mark that its own calls carry. */
interface Started {
  readonly runtime: CurrentRuntime
  readonly inside: ContextStorage<true>
}

/** The one exception to "no global state": the runtimes of this process, in the order in which they started. */
const started: Started[] = []

/** Makes the runtime known to `getTracer()` and its like until the returned function is called. */
export function announce(runtime: CurrentRuntime, inside: ContextStorage<true>): () => void {
  const entry = { runtime, inside }
  started.push(entry)
  return () => {
    const index = started.indexOf(entry)
    if (index >= 0) started.splice(index, 1)
  }
}

/** The tracer of the runtime whose task this is, else of the one that started last; `undefined` without any. */
export function currentTracer(): Tracer | undefined {
  return current()?.tracer
}

/**
 * The tracer of the runtime whose task is running, else of the one that started last.
 *
 * @throws `ERR_NO_RUNTIME` when no runtime is started.
 */
export function getTracer(): Tracer {
  return required('getTracer').tracer
}

/**
 * The queue of the runtime whose task is running, else of the one that started last.
 *
 * @throws `ERR_NO_RUNTIME` when no runtime is started.
 */
export function getTaskQueue(): TaskQueue {
  return required('getTaskQueue').queue
}

/**
 * The rooms of the runtime whose task is running, else of the one that started last.
 *
 * @throws `ERR_NO_RUNTIME` when no runtime is started.
 */
export function getRooms(): Rooms {
  return required('getRooms').rooms
}

function current(): CurrentRuntime | undefined {
  const entry = started.length > 1 ? started.find(({ inside }) => inside.get()) : undefined
  return (entry ?? started.at(-1))?.runtime
}

function required(caller: string): CurrentRuntime {
  const runtime = current()
  if (runtime) return runtime
  throw new TriportError(
    'ERR_NO_RUNTIME',
    `${caller}() found no started runtime. Call await createRuntime(...).start() first.`,
  )
}
