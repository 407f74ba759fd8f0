import type { HrTime, Attributes as RawAttributes, SpanContext as RawSpanContext } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Attributes } from '../../core/ports/tracer.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import { version } from '../../core/version.js'
import type { Api } from './api.js'
import { failedStatus, hrTime, kinds, toRaw } from './convert.js'
import type { RecordedSpan } from './span.js'

const scope = { name: 'triport', version }

/** What exporters read of a span that was recorded without the SDK. Made when they do: a batch that is dropped costs nothing. */
export class ExportedSpan implements ReadableSpan {
  readonly ended = true
  readonly instrumentationScope = scope
  readonly droppedAttributesCount = 0
  readonly droppedEventsCount = 0
  readonly droppedLinksCount = 0
  readonly resource: Resource
  readonly parentSpanContext?: RawSpanContext
  readonly #api: Api
  readonly #span: FinishedSpan
  readonly #context: RawSpanContext

  constructor(api: Api, span: FinishedSpan, resource: Resource) {
    this.#api = api
    this.#span = span
    this.resource = resource
    this.#context = toRaw(api, span)
    const { traceId, parentSpanId: spanId, traceState } = span
    const { parentRemote: remote = false } = span as Partial<RecordedSpan>
    if (spanId !== undefined)
      this.parentSpanContext = toRaw(api, { traceId, spanId, traceFlags: 0, traceState, remote })
  }

  get name(): string {
    return this.#span.name
  }

  get kind(): ReadableSpan['kind'] {
    return kinds[this.#span.kind]
  }

  spanContext(): RawSpanContext {
    return this.#context
  }

  get startTime(): HrTime {
    return hrTime(this.#span.startTime)
  }

  get endTime(): HrTime {
    return hrTime(this.#span.endTime)
  }

  get duration(): HrTime {
    return hrTime(this.#span.endTime - this.#span.startTime)
  }

  get status(): ReadableSpan['status'] {
    const { status, statusMessage: message } = this.#span
    return status === 'error' ? { code: failedStatus, ...(message !== undefined && { message }) } : { code: 0 }
  }

  get attributes(): RawAttributes {
    return raw(this.#span.attributes)
  }

  get events(): ReadableSpan['events'] {
    return this.#span.events.map(({ name, time, attributes }) => ({
      name,
      time: hrTime(time),
      attributes: raw(attributes),
    }))
  }

  get links(): ReadableSpan['links'] {
    return this.#span.links.map(({ context, attributes = {} }) => ({
      context: toRaw(this.#api, context),
      attributes: raw(attributes),
    }))
  }
}

function raw(attributes: Attributes): RawAttributes {
  return attributes as RawAttributes
}
