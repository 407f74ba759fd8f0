import type { Clock } from '../clock.js'
import { decode, decodeError, encode, encodeError } from '../codec.js'
import { errorFrom, messageOf, TriportError } from '../errors.js'
import type { IsolateMessage } from '../ports/isolator.js'
import type { Isolation } from '../queue/isolation.js'
import type { AnyTask, TaskContext } from '../queue/task.js'
import type { Tracer } from '../tracer/tracer.js'
import { createHostCalls, type HostCalls, type HostCallsDeps } from './host-calls.js'
import { createHostSpans } from './host-spans.js'
import { type CallMessage, type ErrorNote, rememberedErrors, type ToGuest, type ToHost } from './messages.js'

/** Code to be run apart. */
export interface IsolatedWork {
  readonly task: AnyTask
  readonly isolation: Isolation
  readonly input: unknown
  readonly ctx: TaskContext
}

/** A run in an isolate, as its host follows it. */
export interface HostRun {
  /** What the task returns, or rejects with. */
  readonly result: Promise<unknown>
  begin(): void
  receive(message: ToHost): void
  /** The isolate has ended. */
  exited(cause: unknown): void
}

export interface HostRunDeps extends Omit<HostCallsDeps, 'task' | 'ctx'> {
  readonly number: number
  readonly work: IsolatedWork
  readonly clock: Clock
  readonly tracer: Tracer
  post(message: IsolateMessage & ToGuest): void
  /** Called when the code has returned. An isolate that is not `usable` must serve no other run. */
  returned(usable: boolean): void
  /** Called when the isolate says what cannot be read: it has to be ended. */
  broken(): void
}

export function createHostRun(deps: HostRunDeps): HostRun {
  const { number, work, clock, tracer, post, returned, broken } = deps
  const { task, isolation, ctx } = work
  const { signal } = ctx
  const input = encode(work.input, { what: `Input of task "${task.name}"` })
  const result = Promise.withResolvers<unknown>()
  const errors = new Map<number, Error>()
  const spans = createHostSpans(tracer, errorOf)
  const context = tracer.spanContext(tracer.active())
  const recording = tracer.activeSpan()?.recording ?? false
  const { baggage } = tracer.inject({})
  const calls = createHostCalls({ ...deps, task, ctx })
  let unreadable: unknown

  /** One object however often the guest mentions it: a trace records an error once. */
  function errorOf({ number, text = '' }: ErrorNote): Error {
    const error = errors.get(number) ?? decodeError(text)
    if (number <= rememberedErrors) errors.set(number, error)
    return error
  }

  function abort(): void {
    post({ type: 'abort', run: number, reason: encodeError(signal.reason) })
  }

  async function serve({ call, name, args, ...caller }: CallMessage): Promise<void> {
    try {
      const fn = calls[name as keyof HostCalls] as (...args: unknown[]) => Promise<unknown>
      const value = await spans.within(caller, () => fn(...(decode(args) as unknown[])))
      post({ type: 'answer', call, value: encode(value, { what: `The answer of ${name}` }) })
    } catch (error) {
      post({ type: 'answer', call, error: encodeError(error) })
    }
  }

  function end(usable: boolean, settle: () => void): void {
    spans.close()
    signal.removeEventListener('abort', abort)
    returned(usable)
    settle()
  }

  /** @throws when it cannot be read. */
  function follow(message: ToHost): void {
    switch (message.type) {
      case 'call':
        void serve(message)
        break
      case 'spans':
        spans.apply(message.steps)
        break
      case 'returned': {
        const value = message.result === undefined ? undefined : decode(message.result)
        end(true, () => result.resolve(value))
        break
      }
      case 'failed': {
        const error = errorOf(message.error)
        end(!message.unusable, () => result.reject(error))
      }
    }
  }

  return {
    result: result.promise,
    begin() {
      const { jobId, key, attempt } = ctx
      const trace = context && { trace: { context, recording, ...(baggage !== undefined && { baggage }) } }
      const sent = { clock: clock.now(), performance: performance.timeOrigin + performance.now() }
      const known = { sent, ...(key === undefined ? {} : { key }), ...trace }
      post({ type: 'run', run: number, module: isolation.module, task: task.name, jobId, attempt, input, ...known })
      signal.addEventListener('abort', abort)
    },
    receive(message) {
      if (message?.run !== number) return // Code in the isolate may post what it likes.
      try {
        follow(message)
      } catch (error) {
        unreadable ??= error
        broken()
      }
    },
    exited(cause) {
      const error = exitedError(task.name, unreadable ?? cause)
      signal.removeEventListener('abort', abort)
      spans.close(signal.aborted ? signal.reason : error)
      result.reject(error)
    },
  }
}

function exitedError(task: string, cause: unknown): TriportError {
  const why = cause === undefined ? '.' : `: ${messageOf(cause)}`
  return new TriportError('ERR_THREAD_EXITED', `The thread of task "${task}" ended before its code returned${why}`, {
    ...(cause === undefined ? {} : { cause: errorFrom(cause) }),
  })
}
