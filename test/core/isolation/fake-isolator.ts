import { createGuest } from '../../../core/isolation/guest.js'
import type { IsolateMessage, Isolator, ResourceLimits } from '../../../core/ports/isolator.js'
import { asyncContext } from '../../../drivers/memory/context.js'

/** The name of the module that tests export their tasks from. */
export const module = 'test:tasks'

/** Options of tasks to be isolated. */
export const apart = { isolate: 'thread', module } as const

/** A place that looks like a thread and is none: its code shares the clock and the gates of the test. */
export interface FakeIsolate {
  readonly limits: ResourceLimits
  /** What it posted, in order. */
  readonly posted: readonly IsolateMessage[]
  /** Whether the process is kept alive for it. */
  held: boolean
  terminated: boolean
  /** Ends it. */
  exit(cause?: unknown): void
  /** Sends what the guest does not: code in a thread may post anything. */
  say(message: unknown): void
}

export interface FakeIsolator extends Isolator {
  readonly opened: readonly FakeIsolate[]
}

export interface FakeIsolatorOptions {
  /** What modules export, by name. An error is thrown when its module is loaded. */
  readonly modules: Readonly<Record<string, unknown>>
  /** Terminated isolates end when the test says so. @default false */
  readonly stubborn?: boolean
}

export function fakeIsolator({ modules, stubborn = false }: FakeIsolatorOptions): FakeIsolator {
  const opened: FakeIsolate[] = []
  return {
    opened,
    open(limits, { message, exited }) {
      const posted: IsolateMessage[] = []
      let alive = true
      const isolate: FakeIsolate = {
        ...{ limits, posted, held: false, terminated: false },
        exit(cause) {
          if (!alive) return
          alive = false
          queueMicrotask(() => exited(cause))
        },
        say: (sent) => later(message, sent as IsolateMessage),
      }
      opened.push(isolate)
      const later = (deliver: (message: IsolateMessage) => void, sent: IsolateMessage) => {
        const copy = structuredClone(sent)
        queueMicrotask(() => alive && deliver(copy))
      }
      const guest = createGuest({
        contextStorage: asyncContext,
        post(sent) {
          posted.push(sent)
          later(message, sent)
        },
        async load(name) {
          if (modules[name] instanceof Error) throw modules[name]
          return modules[name]
        },
        afterTurn: (fn) => void setImmediate(fn),
      })
      return {
        post: (sent) => later(guest, sent),
        hold(busy) {
          isolate.held = busy
        },
        terminate() {
          isolate.terminated = true
          if (!stubborn) isolate.exit()
        },
      }
    },
  }
}
