import { unlessAborted } from '../clock.js'
import type { CurrentRuntime } from '../current.js'
import { TriportError } from '../errors.js'
import { type JobAccess, JobHandle } from '../queue/access.js'
import type { Job } from '../queue/job.js'
import type { TaskQueue } from '../queue/queue.js'
import type { AnyTask } from '../queue/task.js'
import type { Rooms } from '../rooms/hub.js'
import type { Tracer } from '../tracer/tracer.js'
import type { AnyWorkflow } from '../workflow/workflow.js'
import { carry } from './carried-step.js'
import type { GuestCalls } from './guest-calls.js'
import type { JobMethod } from './host-calls.js'

/**
 * The runtime as code in an isolate has it: it enqueues by name, follows jobs and publishes, all through the host. What only the host's
 * thread has is refused with `ERR_UNSUPPORTED`.
 */
export function guestRuntime({ call }: GuestCalls, tracer: Tracer): CurrentRuntime {
  const ask =
    (method: JobMethod) =>
    (id: string, _known: boolean, ...args: readonly unknown[]): Promise<never> =>
      call('job', id, method, ...args) as Promise<never>
  const access: JobAccess = {
    status: ask('status'),
    result: (id, known, { timeout, signal }) => unlessAborted(ask('result')(id, known, { timeout }), signal),
    log: ask('log'),
    cancel: ask('cancel'),
    redrive: ask('redrive'),
    remove: ask('remove'),
    promote: ask('promote'),
    progress: ask('progress'),
  }
  const job = (id: string): Job => new JobHandle(access, { id, deduplicated: false, known: false })

  async function enqueue(task: AnyTask | AnyWorkflow | string, input?: unknown, options?: object): Promise<never> {
    return new JobHandle(access, { ...(await call('enqueue', carry(task), input, options)), known: true }) as never
  }

  return {
    tracer,
    queue: only<TaskQueue>('queue', { enqueue, delay: enqueue, job, getResult: (id: string) => job(id).status() }),
    rooms: only<Rooms>('rooms', {
      broadcastToRoom: (...args) => call('broadcastToRoom', ...args),
      broadcastToAll: (...args) => call('broadcastToAll', ...args),
      sendToConnection: (...args) => call('sendToConnection', ...args),
    }),
  }
}

/** An object that has these members; the others refuse to be called. */
function only<T extends object>(what: string, members: Partial<T>): T {
  return new Proxy(members, {
    get(target, name) {
      if (typeof name === 'symbol' || name === 'then' || name in target) return Reflect.get(target, name)
      return () => {
        const known = Object.keys(target).join(', ')
        throw new TriportError('ERR_UNSUPPORTED', `A task in a thread has no ${what}.${name}. It has: ${known}.`)
      }
    },
  }) as T
}
