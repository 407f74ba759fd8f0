import type { Span as RawSpan, AttributeValue as RawValue } from '@opentelemetry/api'
import type {
  Attributes,
  AttributeValue,
  Baggage,
  Span,
  SpanContext,
  SpanLink,
  SpanOptions,
} from '../../core/ports/tracer.js'
import { describeFailure } from '../../core/tracer/failure.js'
import { LiveSpan, type Recorder, type SpanOrigin } from '../../core/tracer/live-span.js'
import { PassiveSpan } from '../../core/tracer/passive-span.js'
import type { Api } from './api.js'
import { failedStatus, fromRaw, hrTime, toRaw } from './convert.js'

/** A span of OpenTelemetry's, which gets only what has passed the redaction. */
export class SdkSpan implements Span {
  readonly raw: RawSpan
  /** The baggage that it brings along when it is made current; `undefined` leaves the current one. */
  readonly brought: Baggage | undefined
  readonly #api: Api
  readonly #recorder: Recorder
  /** A later status replaces the message of an earlier one. */
  #message: string | undefined

  constructor(api: Api, recorder: Recorder, raw: RawSpan, brought?: Baggage) {
    this.#api = api
    this.#recorder = recorder
    this.raw = raw
    this.brought = brought
  }

  get recording(): boolean {
    return this.raw.isRecording()
  }

  context(): SpanContext | undefined {
    return fromRaw(this.raw.spanContext())
  }

  set(key: string, value: AttributeValue | undefined): this {
    if (value === undefined || !this.recording) return this
    const clean = this.#recorder.cleaner.value(key, value, 'attribute')
    if (clean !== undefined) this.raw.setAttribute(key, clean as RawValue)
    return this
  }

  setAll(attributes: Attributes): this {
    for (const key of Object.keys(attributes)) this.set(key, attributes[key])
    return this
  }

  event(name: string, attributes?: Attributes): this {
    if (!this.recording) return this
    const { cleaner } = this.#recorder
    const clean = attributes ? (cleaner.all(attributes, 'event') as Record<string, RawValue>) : {}
    this.raw.addEvent(cleaner.text('name', name, 'event'), clean, hrTime(this.#recorder.now()))
    return this
  }

  link(link: SpanLink): this {
    if (this.recording) this.raw.addLink?.(rawLink(this.#api, this.#recorder, link))
    return this
  }

  rename(name: string): this {
    if (this.recording) this.raw.updateName(this.#recorder.cleaner.text('name', name, 'name'))
    return this
  }

  fail(error: unknown): this {
    if (!this.recording) return this
    const { type, name, message, stack } = describeFailure(error)
    this.failAs(type, message)
    if (this.#recorder.isNewFailure(error, this.raw.spanContext().traceId)) {
      this.event('exception', { 'exception.type': name, 'exception.message': message, 'exception.stacktrace': stack })
    }
    return this
  }

  failAs(type: string, message?: string): this {
    if (!this.recording) return this
    this.set('error.type', type)
    if (message !== undefined) this.#message = this.#recorder.cleaner.text('status.message', message, 'status')
    this.raw.setStatus({ code: failedStatus, ...(this.#message !== undefined && { message: this.#message }) })
    return this
  }

  end(at?: number): void {
    if (this.recording) this.raw.end(hrTime(at ?? this.#recorder.now()))
  }
}

/** A span that is recorded without the SDK and exported by it: costs half of one of the SDK's. */
export class RecordedSpan extends LiveSpan {
  raw: RawSpan | undefined
  /** Whether its parent is a span of another process. */
  readonly parentRemote: boolean
  readonly #recorder: Recorder

  constructor(recorder: Recorder, name: string, origin: RecordedOrigin, options: SpanOptions | undefined) {
    super(recorder, name, origin, options)
    this.#recorder = recorder
    this.parentRemote = origin.parentRemote
  }

  /** Marks it as failed without saying of which kind the failure is. */
  failed(message: string | undefined): void {
    if (!this.recording) return
    this.status = 'error'
    if (message !== undefined) this.statusMessage = this.#recorder.cleaner.text('status.message', message, 'status')
  }
}

export interface RecordedOrigin extends SpanOrigin {
  readonly parentRemote: boolean
}

/** A span of which nothing is kept. */
export class UnsampledSpan extends PassiveSpan {
  raw: RawSpan | undefined

  override with(brought: Baggage | undefined): PassiveSpan {
    return brought === this.brought ? this : new UnsampledSpan(this, this.remote, brought)
  }
}

/** A span that this driver made. */
export type OwnSpan = SdkSpan | RecordedSpan | UnsampledSpan

export function isOwn(span: unknown): span is OwnSpan {
  return span instanceof SdkSpan || span instanceof RecordedSpan || span instanceof UnsampledSpan
}

export function rawLink(api: Api, { cleaner }: Recorder, { context, attributes }: SpanLink) {
  const clean = attributes && (cleaner.all(attributes, 'link') as Record<string, RawValue>)
  return { context: toRaw(api, context), ...(clean && { attributes: clean }) }
}
