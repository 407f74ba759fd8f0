import type { Attributes, SpanKind, SpanLink } from '../ports/tracer.js'

/** A point in time within a span. */
export interface SpanEvent {
  readonly name: string
  /** Milliseconds since the epoch, with a fraction. */
  readonly time: number
  readonly attributes: Attributes
}

/** A span that has ended, as it is kept and shown. Its texts have passed the redaction. */
export interface FinishedSpan {
  readonly name: string
  readonly kind: SpanKind
  /** The service that made it. */
  readonly service: string | undefined
  readonly traceId: string
  readonly spanId: string
  /** `undefined` for the first span of a trace. */
  readonly parentSpanId: string | undefined
  readonly traceFlags: number
  readonly traceState: string | undefined
  /** Milliseconds since the epoch, with a fraction. */
  readonly startTime: number
  /** Milliseconds since the epoch, with a fraction; never before `startTime`. */
  readonly endTime: number
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  readonly status: 'unset' | 'error'
  readonly statusMessage: string | undefined
}
