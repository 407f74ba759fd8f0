import type { Driver } from './driver.js'
import type { Meter } from './meter.js'

/** A value of a span attribute. `undefined` values are skipped. */
export type AttributeValue = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[]
/** Attributes of a span, by name. */
export type Attributes = { readonly [key: string]: AttributeValue | undefined }

/** OpenTelemetry's span kinds. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** Identifies a span as W3C Trace Context does. */
export interface SpanContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string
  /** 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string
  /** Bit 0: sampled. Bit 1: the trace id is random. */
  readonly traceFlags: number
  readonly traceState?: string | undefined
  /** True when it came from another process. */
  readonly remote?: boolean
}

/** Points from a span to another that is not its parent. */
export interface SpanLink {
  readonly context: SpanContext
  readonly attributes?: Attributes
}

declare const opaque: unique symbol
/** What is current at one point of the program: immutable, and only its driver looks inside. */
export interface TraceContext {
  readonly [opaque]: true
}

/** Headers or fields that carry a trace between processes. */
export type Carrier = Readonly<Record<string, string | readonly string[] | undefined>>

/** Names and values that go with a trace to every service that it reaches. */
export type Baggage = Readonly<Record<string, string>>

/** How a span starts. */
export interface SpanOptions {
  /** @default 'internal' */
  readonly kind?: SpanKind
  readonly attributes?: Attributes
  readonly links?: readonly SpanLink[]
  /** The context to start under. @default the current one */
  readonly parent?: TraceContext | 'root'
  /** Milliseconds since the epoch. @default now */
  readonly startTime?: number
}

/** One timed operation. Every method may be called after `end` and does nothing then. */
export interface Span {
  /** False when nothing will be kept of this span: building attributes for it is wasted work. */
  readonly recording: boolean
  /** `undefined` only for the span of a tracer that is off. */
  context(): SpanContext | undefined
  set(key: string, value: AttributeValue | undefined): this
  setAll(attributes: Attributes): this
  event(name: string, attributes?: Attributes): this
  link(link: SpanLink): this
  rename(name: string): this
  /** Marks the span as failed: sets `error.type` and the status, and records the exception once however deep it passes. */
  fail(error: unknown): this
  /**
   * Marks the span as failed where nothing was thrown, such as by a status of 500: sets `error.type` to `type` and, when there is one,
   * the message of the status. Records no exception.
   */
  failAs(type: string, message?: string): this
  /** Ends the span. Only the first call counts. `at` is in milliseconds since the epoch. */
  end(at?: number): void
}

/** The request that is being handled, in a span that something else than triport has made and will end. */
export interface ForeignRequest {
  readonly span: Span
  /** Says which route it is about, with placeholders: the span is named after it. */
  route(route: string): void
}

/** What the tracer of a runtime and its driver have in common. */
export interface Tracing {
  /** False when every call is a pass-through: callers need not build attributes then. */
  readonly enabled: boolean
  /** Starts a span that is not yet current. */
  startSpan(name: string, options?: SpanOptions): Span
  /** Runs `fn` with `span` as the current one. The span is not ended. */
  withSpan<T>(span: Span, fn: () => T): T
  /** The current context. */
  active(): TraceContext
  /** The current span of this process, `undefined` when there is none. */
  activeSpan(): Span | undefined
  /** Runs `fn` in `context`, or without any: for poll loops, timers and listeners that belong to no caller. */
  run<T>(context: TraceContext | 'root', fn: () => T): T
  /** The baggage of `context` (default: the current one); empty when it has none. */
  baggage(context?: TraceContext): Baggage
  /**
   * Runs `fn` with these entries added to the current baggage; `undefined` takes one away. Everybody whom the trace reaches can read them.
   *
   * @param entries By name. A name that is no token of HTTP, such as one with a blank in it, is left out.
   */
  withBaggage<T>(entries: Readonly<Record<string, string | undefined>>, fn: () => T): T
  /** Adds the headers of `context` (default: the current one), its span's and its baggage's, to `carrier` and returns it. */
  inject(carrier: Record<string, string>, context?: TraceContext): Record<string, string>
  /**
   * The context that a carrier names, by a span, by baggage or by both. Its keys are read in lower case.
   *
   * @param base What to return when it names none, and whose span stays when it names baggage alone. Default: the current context.
   */
  extract(carrier: Carrier, base?: TraceContext | 'root'): TraceContext
  /** The span that `context` would make the parent of a new one. */
  spanContext(context: TraceContext): SpanContext | undefined
  /**
   * The request that is being handled, when an instrumentation that the driver works with has made a server span of it. Absent where there
   * can be none.
   */
  foreignRequest?(): ForeignRequest | undefined
  /** Sends what is waiting, for at most `timeout` milliseconds. @default 2000 */
  flush(timeout?: number): Promise<void>
}

/** Where the spans of a driver go, and how that goes. */
export interface TracerStatus {
  /** Whose provider makes spans: `own` is one that the driver has started; `none`, tracing is off. */
  readonly provider: 'none' | 'given' | 'registered' | 'own'
  /** Of the own one, without credentials. */
  readonly endpoint?: string
  /** How many spans the own one has sent. */
  readonly exported: number
  /** How many it could not send. */
  readonly failed: number
  /** Why not, the last time. */
  readonly lastError?: string | undefined
}

/**
 * Makes spans and keeps track of the current one.
 *
 * - Before `start` and after `stop` a driver MUST be off: `enabled: false`.
 * - `enabled: false` MUST make every call a pass-through that allocates nothing per call.
 * - A span MUST be the child of the span that is current, or of `parent`; with `parent: 'root'` it MUST begin a new trace.
 * - `withSpan` and `run` MUST make their context current for `fn` and everything that it starts, and for nothing else.
 * - `run('root', fn)` MUST leave `fn` without a current span, whatever is current outside.
 * - `withBaggage` MUST change the baggage for `fn` and everything that it starts, and MUST leave the current span as it is.
 * - The span of an explicit `parent` MUST bring the baggage of that context along when it is made current, and no other.
 * - `inject` MUST write W3C `traceparent` (and `tracestate` when there is one), the baggage as W3C `baggage`, and leave the rest of
 *   the carrier alone.
 * - Baggage MUST have passed the redaction when it is injected, and of it at most 64 entries and 8,192 bytes MUST go out.
 * - `extract` MUST return `base` unchanged when the carrier holds neither a valid `traceparent` nor baggage; it MUST NOT throw on
 *   any input. A context that a `traceparent` names MUST have the baggage of its carrier and no other.
 * - A child MUST be sampled exactly when its parent is, also across processes.
 * - `fail` MUST record an exception once, however many spans of a trace it passes, and mark every one of them as failed.
 * - `failAs` MUST mark the span as failed without recording an exception, and leave what `fail` said unless it says otherwise.
 * - `end` MUST count once; after it a span MUST NOT change.
 * - Names, attributes, events, links and statuses MUST have passed the driver's redaction (`Redact`) before they are kept or exported.
 * - A context of another driver MUST count as `'root'`, and `withSpan` with a span of another driver MUST only call `fn`.
 * - Nothing but what `fn` throws MUST reach the caller: tracing MUST NOT break the work that it traces.
 * - `flush` and `stop` MUST be bounded in time and MUST NOT reject because a collector is away.
 */
export interface TracerDriver extends Driver, Tracing {
  /** Where spans go. Absent where there is nothing to say of that. */
  readonly status?: TracerStatus
  /** Spans stay in this process. Left out: they leave it. */
  readonly local?: true
  /** Takes numbers to where the spans go. Absent where none are taken. */
  readonly meter?: Meter
}
