import type { Baggage, Span, SpanContext } from '../ports/tracer.js'

/** A span of which only the ids matter: one that is not sampled, or the parent in another process. */
export class PassiveSpan implements Span {
  readonly recording = false
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly traceState: string | undefined
  readonly remote: boolean
  /** The baggage that it brings along when it is made current; `undefined` leaves the current one. */
  readonly brought: Baggage | undefined

  constructor(ids: SpanContext, remote: boolean, brought?: Baggage) {
    this.traceId = ids.traceId
    this.spanId = ids.spanId
    this.traceFlags = ids.traceFlags
    this.traceState = ids.traceState
    this.remote = remote
    this.brought = brought
  }

  /** The same span, bringing this baggage along. One span stands for all that is not kept below it. */
  with(brought: Baggage | undefined): PassiveSpan {
    return brought === this.brought ? this : new PassiveSpan(this, this.remote, brought)
  }

  context(): SpanContext {
    return this.remote ? { ...contextOf(this), remote: true } : contextOf(this)
  }

  set(): this {
    return this
  }

  setAll(): this {
    return this
  }

  event(): this {
    return this
  }

  link(): this {
    return this
  }

  rename(): this {
    return this
  }

  fail(): this {
    return this
  }

  failAs(): this {
    return this
  }

  end(): void {}
}

/** The ids of a span without the rest of it. */
export function contextOf({ traceId, spanId, traceFlags, traceState }: SpanContext): SpanContext {
  return traceState === undefined ? { traceId, spanId, traceFlags } : { traceId, spanId, traceFlags, traceState }
}
