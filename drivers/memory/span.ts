import type {
  Attributes,
  AttributeValue,
  Span,
  SpanContext,
  SpanKind,
  SpanLink,
  SpanOptions,
} from '../../core/ports/tracer.js'
import { describeFailure } from '../../core/tracer/failure.js'
import type { FinishedSpan, SpanEvent } from '../../core/tracer/finished-span.js'
import type { RedactedPart } from '../../core/tracer/redact.js'

/** What a span needs of its driver. */
export interface Recorder {
  readonly service: string | undefined
  /** Milliseconds since the epoch, with a fraction. */
  now(): number
  clean(key: string, value: AttributeValue, part: RedactedPart): AttributeValue | undefined
  isNewFailure(error: unknown, traceId: string): boolean
  keep(span: FinishedSpan): void
}

/** What is current at one point of the program: a span that is kept, or the ids of one that is not or that is elsewhere. */
export type Scope = LiveSpan | PassiveSpan

/** OpenTelemetry's default for attributes, events and links of one span: a loop must not fill the memory. */
const maxEntries = 128
const none: readonly never[] = Object.freeze([])

type Mutable = Record<string, AttributeValue>

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
  readonly attributes: Mutable
  events: readonly SpanEvent[] = none
  links: readonly SpanLink[] = none
  status: 'unset' | 'error' = 'unset'
  statusMessage: string | undefined = undefined
  readonly #recorder: Recorder
  #ended = false

  constructor(
    recorder: Recorder,
    name: string,
    ids: SpanContext,
    parentSpanId: string | undefined,
    options: SpanOptions | undefined,
  ) {
    this.#recorder = recorder
    this.name = text(recorder.clean('name', name, 'name'))
    this.kind = options?.kind ?? 'internal'
    this.service = recorder.service
    this.traceId = ids.traceId
    this.spanId = ids.spanId
    this.parentSpanId = parentSpanId
    this.traceFlags = ids.traceFlags
    this.traceState = ids.traceState
    this.startTime = options?.startTime ?? recorder.now()
    this.attributes = options?.attributes ? this.#cleanAll(options.attributes, 'attribute') : {}
    for (const link of options?.links ?? none) this.link(link)
  }

  get recording(): boolean {
    return !this.#ended
  }

  context(): SpanContext {
    return contextOf(this)
  }

  set(key: string, value: AttributeValue | undefined): this {
    if (this.#ended || value === undefined) return this
    const clean = this.#recorder.clean(key, value, 'attribute')
    if (clean === undefined) return this
    if (!(key in this.attributes) && Object.keys(this.attributes).length >= maxEntries) return this
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
      name: text(this.#recorder.clean('name', name, 'event')),
      time: this.#recorder.now(),
      attributes: attributes ? this.#cleanAll(attributes, 'event') : {},
    }
    this.events = [...this.events, event]
    return this
  }

  link({ context, attributes }: SpanLink): this {
    if (this.#ended || this.links.length >= maxEntries) return this
    const link = attributes ? { context, attributes: this.#cleanAll(attributes, 'link') } : { context }
    this.links = [...this.links, link]
    return this
  }

  rename(name: string): this {
    if (!this.#ended) this.name = text(this.#recorder.clean('name', name, 'name'))
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
    if (message !== undefined) this.statusMessage = text(this.#recorder.clean('status.message', message, 'status'))
    return this
  }

  end(at?: number): void {
    if (this.#ended) return
    this.#ended = true
    this.endTime = Math.max(this.startTime, at ?? this.#recorder.now())
    this.#recorder.keep(this)
  }

  /** One copy, so that the caller's object may change later and the usual case costs no more than that. */
  #cleanAll(attributes: Attributes, part: RedactedPart): Mutable {
    const kept: Record<string, AttributeValue | undefined> = { ...attributes }
    let count = 0
    for (const key in kept) {
      const value = kept[key]
      const clean = value === undefined || count >= maxEntries ? undefined : this.#recorder.clean(key, value, part)
      if (clean === undefined) {
        delete kept[key]
        continue
      }
      count++
      if (clean !== value) kept[key] = clean
    }
    return kept as Mutable
  }
}

/** A span of which only the ids matter: one that is not sampled, or the parent in another process. */
export class PassiveSpan implements Span {
  readonly recording = false
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly traceState: string | undefined
  readonly remote: boolean

  constructor(ids: SpanContext, remote: boolean) {
    this.traceId = ids.traceId
    this.spanId = ids.spanId
    this.traceFlags = ids.traceFlags
    this.traceState = ids.traceState
    this.remote = remote
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

function contextOf({ traceId, spanId, traceFlags, traceState }: Scope): SpanContext {
  return traceState === undefined ? { traceId, spanId, traceFlags } : { traceId, spanId, traceFlags, traceState }
}

function text(value: AttributeValue | undefined): string {
  return value === undefined ? '' : String(value)
}
