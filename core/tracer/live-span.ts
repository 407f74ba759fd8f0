import type {
  Attributes,
  AttributeValue,
  Baggage,
  Span,
  SpanContext,
  SpanKind,
  SpanLink,
  SpanOptions,
} from '../ports/tracer.js'
import { type CleanAttributes, type Cleaner, maxEntries } from './cleaner.js'
import { describeFailure } from './failure.js'
import type { FinishedSpan, SpanEvent } from './finished-span.js'
import { contextOf } from './passive-span.js'

/** What a span needs of its driver. */
export interface Recorder {
  readonly service: string | undefined
  readonly cleaner: Cleaner
  /** Milliseconds since the epoch, with a fraction. */
  now(): number
  isNewFailure(error: unknown, traceId: string): boolean
}

/** Takes spans that have ended. */
export interface SpanSink {
  keep(span: FinishedSpan): void
}

/** What a new span is, besides its name and options. */
export interface SpanOrigin extends Omit<SpanContext, 'remote'> {
  readonly parentSpanId: string | undefined
  /** The baggage of the context that was given as its parent. */
  readonly brought?: Baggage | undefined
  readonly sink: SpanSink
}

const none: readonly never[] = Object.freeze([])

/** A span that is kept when it ends. */
export class LiveSpan implements Span, FinishedSpan {
  name: string
  readonly kind: SpanKind
  readonly service: string | undefined
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly traceFlags: number
  readonly traceState: string | undefined
  readonly startTime: number
  endTime = 0
  readonly attributes: CleanAttributes
  events: readonly SpanEvent[] = none
  links: readonly SpanLink[] = none
  status: 'unset' | 'error' = 'unset'
  statusMessage: string | undefined = undefined
  readonly #recorder: Recorder
  readonly #origin: SpanOrigin
  #ended = false
  #size: number | undefined

  constructor(recorder: Recorder, name: string, origin: SpanOrigin, options: SpanOptions | undefined) {
    this.#recorder = recorder
    this.#origin = origin
    this.name = recorder.cleaner.text('name', name, 'name')
    this.kind = options?.kind ?? 'internal'
    this.service = recorder.service
    this.traceId = origin.traceId
    this.spanId = origin.spanId
    this.parentSpanId = origin.parentSpanId
    this.traceFlags = origin.traceFlags
    this.traceState = origin.traceState
    this.startTime = options?.startTime ?? recorder.now()
    this.attributes = options?.attributes ? recorder.cleaner.all(options.attributes, 'attribute') : {}
    for (const link of options?.links ?? none) this.link(link)
  }

  /** The baggage that it brings along when it is made current; `undefined` leaves the current one. */
  get brought(): Baggage | undefined {
    return this.#origin.brought
  }

  /** Where it goes when it ends. */
  get sink(): SpanSink {
    return this.#origin.sink
  }

  get recording(): boolean {
    return !this.#ended
  }

  context(): SpanContext {
    return contextOf(this)
  }

  set(key: string, value: AttributeValue | undefined): this {
    if (this.#ended || value === undefined) return this
    const clean = this.#recorder.cleaner.value(key, value, 'attribute')
    if (clean === undefined) return this
    if (!(key in this.attributes) && !this.#hasRoom()) return this
    this.attributes[key] = clean
    return this
  }

  setAll(attributes: Attributes): this {
    for (const key of Object.keys(attributes)) this.set(key, attributes[key])
    return this
  }

  event(name: string, attributes?: Attributes): this {
    if (this.#ended || this.events.length >= maxEntries) return this
    const event: SpanEvent = {
      name: this.#recorder.cleaner.text('name', name, 'event'),
      time: this.#recorder.now(),
      attributes: attributes ? this.#recorder.cleaner.all(attributes, 'event') : {},
    }
    this.events = [...this.events, event]
    return this
  }

  link({ context, attributes }: SpanLink): this {
    if (this.#ended || this.links.length >= maxEntries) return this
    const link = attributes ? { context, attributes: this.#recorder.cleaner.all(attributes, 'link') } : { context }
    this.links = [...this.links, link]
    return this
  }

  rename(name: string): this {
    if (!this.#ended) this.name = this.#recorder.cleaner.text('name', name, 'name')
    return this
  }

  fail(error: unknown): this {
    if (this.#ended) return this
    const { type, name, message, stack } = describeFailure(error)
    this.failAs(type, message)
    if (this.#recorder.isNewFailure(error, this.traceId)) {
      this.event('exception', { 'exception.type': name, 'exception.message': message, 'exception.stacktrace': stack })
    }
    return this
  }

  failAs(type: string, message?: string): this {
    if (this.#ended) return this
    this.set('error.type', type)
    this.status = 'error'
    if (message !== undefined) this.statusMessage = this.#recorder.cleaner.text('status.message', message, 'status')
    return this
  }

  /** Counts from the first attribute on that comes later. */
  #hasRoom(): boolean {
    this.#size ??= Object.keys(this.attributes).length
    if (this.#size >= maxEntries) return false
    this.#size += 1
    return true
  }

  end(at?: number): void {
    if (this.#ended) return
    this.#ended = true
    this.endTime = Math.max(this.startTime, at ?? this.#recorder.now())
    this.#origin.sink.keep(this)
  }
}
