import type {
  Exception,
  Attributes as RawAttributes,
  Link as RawLink,
  Span as RawSpan,
  SpanContext as RawSpanContext,
  AttributeValue as RawValue,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api'
import type { Attributes, AttributeValue } from '../../core/ports/tracer.js'
import { describeFailure } from '../../core/tracer/failure.js'
import type { Api } from './api.js'
import { failedStatus, fromRaw, toRaw } from './convert.js'
import type { RecordedSpan } from './span.js'

/** A span of ours as code sees it that asks OpenTelemetry for the current one: what that says of it passes the redaction too. */
export class ApiSpan implements RawSpan {
  readonly #span: RecordedSpan
  readonly #context: RawSpanContext

  constructor(api: Api, span: RecordedSpan) {
    this.#span = span
    this.#context = toRaw(api, span)
  }

  spanContext(): RawSpanContext {
    return this.#context
  }

  setAttribute(key: string, value: RawValue): this {
    this.#span.set(key, value as AttributeValue)
    return this
  }

  setAttributes(attributes: RawAttributes): this {
    this.#span.setAll(attributes as Attributes)
    return this
  }

  /** Its time is the one of the call. */
  addEvent(name: string, attributes?: RawAttributes | TimeInput): this {
    const given = typeof attributes === 'object' && !Array.isArray(attributes) && !(attributes instanceof Date)
    this.#span.event(name, given ? (attributes as Attributes) : undefined)
    return this
  }

  addLink({ context, attributes }: RawLink): this {
    const to = fromRaw(context)
    if (to) this.#span.link({ context: to, ...(attributes && { attributes: attributes as Attributes }) })
    return this
  }

  addLinks(links: RawLink[]): this {
    for (const link of links) this.addLink(link)
    return this
  }

  setStatus({ code, message }: SpanStatus): this {
    if (code === failedStatus) this.#span.failed(message)
    return this
  }

  updateName(name: string): this {
    this.#span.rename(name)
    return this
  }

  /** The span ends with what it was made for. */
  end(): void {
    this.#span.end()
  }

  isRecording(): boolean {
    return this.#span.recording
  }

  recordException(exception: Exception): void {
    const { name, message, stack } = describeFailure(exception)
    this.#span.event('exception', {
      'exception.type': name,
      'exception.message': message,
      'exception.stacktrace': stack,
    })
  }
}
