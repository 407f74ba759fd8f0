import { encodeError } from '../codec.js'
import { type ErrorNote, type RunMessage, rememberedErrors, type SpanStep } from './messages.js'

/** Takes what happens to the spans of one run to the host, many steps at a time. */
export interface SpanFeed {
  push(step: SpanStep): void
  flush(): void
  /** Nothing is sent from now on. */
  close(): void
  /** Mentions an error. */
  note(error: unknown): ErrorNote
  /** The number of a new span. */
  next(): number
  /** By the host's clock: milliseconds since the epoch, with a fraction. */
  now(): number
}

export interface SpanFeedDeps {
  readonly sent: RunMessage['sent']
  post(steps: readonly SpanStep[]): void
  /** Calls back once, when the current turn of the event loop has ended. */
  afterTurn(fn: () => void): void
}

/** Code that computes for long has no turns: it is sent when there are so many steps, or so many milliseconds have passed. */
const most = { steps: 100, wait: 20 }

export function createSpanFeed({ sent: begun, post, afterTurn }: SpanFeedDeps): SpanFeed {
  const epoch = begun.clock - begun.performance + performance.timeOrigin
  const notes = new WeakMap<object, number>()
  let steps: SpanStep[] = []
  let since = 0
  let spans = 0
  let errors = 0
  let open = true

  function flush(): void {
    if (steps.length === 0) return
    const batch = steps
    steps = []
    if (!sent(batch)) for (const step of batch) sent([step])
  }

  /** A step that cannot be sent is lost, alone: tracing must not break the work that it traces. */
  function sent(batch: readonly SpanStep[]): boolean {
    try {
      post(batch)
      return true
    } catch {
      return false
    }
  }

  return {
    flush,
    push(step) {
      if (!open) return
      const now = performance.now()
      if (steps.length === 0) {
        since = now
        afterTurn(flush)
      }
      steps.push(step)
      if (steps.length >= most.steps || now - since >= most.wait) flush()
    },
    close() {
      flush()
      open = false
    },
    note(error) {
      const known = typeof error === 'object' && error !== null ? notes.get(error) : undefined
      if (known !== undefined) return { number: known }
      const number = ++errors
      if (typeof error === 'object' && error !== null && number <= rememberedErrors) notes.set(error, number)
      return { number, text: encodeError(error) }
    },
    next: () => ++spans,
    now: () => epoch + performance.now(),
  }
}
