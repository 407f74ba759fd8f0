import { decode, decodeError, encode } from '../codec.js'
import type { ContextStorageFactory } from '../context.js'
import { announce } from '../current.js'
import { isTriportError, messageOf, TriportError } from '../errors.js'
import { late } from '../late.js'
import type { IsolateMessage } from '../ports/isolator.js'
import type { TracerDriver } from '../ports/tracer.js'
import { maxPayload } from '../queue/outcome.js'
import type { AnyTask, TaskContext } from '../queue/task.js'
import { createTracer } from '../tracer/tracer.js'
import { createGuestCalls } from './guest-calls.js'
import { guestRuntime } from './guest-runtime.js'
import { createGuestTracer } from './guest-tracer.js'
import type { RunMessage, ToGuest, ToHost } from './messages.js'
import { createSpanFeed, type SpanFeed, type SpanFeedDeps } from './span-feed.js'

/** What a guest needs of the place where it runs. */
export interface GuestPlatform {
  readonly contextStorage: ContextStorageFactory
  /** Sends to the host. */
  post(message: IsolateMessage): void
  /** Imports a module. */
  load(module: string): Promise<unknown>
  /** Calls back once, when the current turn of the event loop has ended. */
  afterTurn(fn: () => void): void
}

/** The run whose code runs here. */
interface GuestRun {
  readonly number: number
  readonly controller: AbortController
  /** What of its spans was not sent yet goes first, so that what follows finds them. */
  flush(): void
}

/** A message of the present run. */
type Unnumbered = ToHost extends infer M ? (M extends ToHost ? Omit<M, 'run'> : never) : never

/**
 * Runs tasks in an isolate, one after the other.
 *
 * @returns What takes the messages of the host.
 */
export function createGuest(platform: GuestPlatform): (message: IsolateMessage) => void {
  let current: GuestRun | undefined
  let fresh = true
  const spans = createGuestTracer(platform.contextStorage())
  const calls = createGuestCalls({ post: (message) => send(present(), message), caller: spans.caller })
  const place = late<TracerDriver>('The tracer')
  place.set(spans)
  const runtime = guestRuntime(calls, createTracer(place))
  announce(runtime, platform.contextStorage())

  function present(): GuestRun {
    if (current) return current
    throw new TriportError(
      'ERR_UNSUPPORTED',
      'The task has returned: what it left running in its thread has no runtime.',
    )
  }

  function send({ number, flush }: GuestRun, message: Unnumbered): void {
    flush()
    platform.post({ run: number, ...message })
  }

  async function run(message: RunMessage): Promise<void> {
    const { run: number, input, trace, sent } = message
    const post: SpanFeedDeps['post'] = (steps) => platform.post({ run: number, type: 'spans', steps })
    const feed = createSpanFeed({ ...platform, sent, post })
    const controller = new AbortController()
    const mine: GuestRun = { number, controller, flush: feed.flush }
    current = mine
    let task: AnyTask | undefined
    let ending: Unnumbered
    try {
      task = taskIn(await imported(platform, message), message)
      if (fresh && trace?.recording) tellStart(feed, message)
      fresh = false
      controller.signal.throwIfAborted()
      const { run: code } = task
      const ctx = contextOf(message, controller.signal)
      const value = await spans.begin(feed, trace, () => code(decode(input) as never, ctx))
      ending = { type: 'returned', ...encoded(message, value) }
    } catch (error) {
      ending = { type: 'failed', error: feed.note(error), unusable: task === undefined }
    }
    feed.close()
    current = undefined
    send(mine, ending)
  }

  function contextOf({ run: number, jobId, key, attempt }: RunMessage, signal: AbortSignal): TaskContext {
    const { tracer, rooms, queue } = runtime
    const ended = () => number !== current?.number
    return {
      ...{ jobId, key, attempt, signal, tracer, rooms },
      enqueue: queue.enqueue,
      progress(percent, data) {
        const told = ended() ? Promise.resolve() : calls.call('progress', percent, data)
        told.catch(reportUnsent).catch(() => {}) // A task need not wait for its progress.
        return told
      },
      log(message, data) {
        if (ended()) return
        const text = messageOf(message)
        calls
          .call('log', text, data)
          .catch((error) => calls.call('log', text, messageOf(error))) // Data that cannot be carried.
          .catch(() => {}) // The task has returned meanwhile.
      },
    }
  }

  /** What goes wrong with progress in the host is reported there. */
  async function reportUnsent(error: unknown): Promise<void> {
    if (isTriportError(error, 'ERR_VALUE_UNSUPPORTED')) await calls.call('refused', error)
  }

  return (message) => {
    const told = message as unknown as ToGuest
    if (told.type === 'run') void run(told)
    else if (told.type === 'answer') calls.answered(told)
    else if (told.run === current?.number) current.controller.abort(decodeError(told.reason))
  }
}

/** A trace shows what the first run in a thread waits for. */
function tellStart(feed: SpanFeed, { sent }: RunMessage): void {
  const span = feed.next()
  feed.push({ span, do: 'start', name: 'start thread', parent: 0, options: { startTime: sent.clock } })
  feed.push({ span, do: 'end', at: feed.now() })
}

async function imported({ load }: GuestPlatform, { module, task }: RunMessage): Promise<unknown> {
  try {
    return await load(module)
  } catch (cause) {
    const message = `The module of task "${task}" cannot be loaded in a thread: ${messageOf(cause)} (${module})`
    throw new TriportError('ERR_TASK_MODULE_INVALID', message, { cause, details: { task, module } })
  }
}

/** Looks into lists, such as those of `tasksOf`, and into the default export: CommonJS may have all the others there. */
function taskIn(exported: unknown, { module, task: name }: RunMessage): AnyTask {
  const exports = exported as { readonly default?: unknown }
  const values = [exports, exports.default].flatMap((each) =>
    each instanceof Object || each === exports ? Object.values(each as object) : [],
  )
  const tasks = values.flat().filter(isTask)
  const found = tasks.find((task) => task.name === name)
  if (found) return found
  const others = tasks.length > 0 ? ` It exports ${tasks.map((task) => `"${task.name}"`).join(', ')}.` : ''
  throw new TriportError(
    'ERR_TASK_MODULE_INVALID',
    `The module of task "${name}" does not export it: export what defineTask returns.${others} (${module})`,
    { details: { task: name, module } },
  )
}

function isTask(value: unknown): value is AnyTask {
  const { name, run, policy } = (value ?? {}) as Partial<AnyTask>
  return typeof name === 'string' && typeof run === 'function' && typeof policy === 'object'
}

function encoded({ task }: RunMessage, value: unknown): { result?: string } {
  return value === undefined
    ? {}
    : { result: encode(value, { what: `Result of task "${task}"`, maxBytes: maxPayload }) }
}
