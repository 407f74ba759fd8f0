import type { Attributes as RawAttributes } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Attributes } from '../../core/ports/tracer.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import type { Api } from './api.js'
import { failedStatus, hrTime, kinds, toRaw } from './convert.js'

/** What exporters read of a span that was recorded without the SDK. */
export function readableSpan(api: Api, span: FinishedSpan, resource: Resource, version: string): ReadableSpan {
  const { traceId, traceState, parentSpanId, startTime, endTime, statusMessage: message } = span
  const spanContext = toRaw(api, span)
  const parent = parentSpanId === undefined ? undefined : { traceId, spanId: parentSpanId, traceFlags: 0, traceState }
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => spanContext,
    ...(parent && { parentSpanContext: toRaw(api, parent) }),
    startTime: hrTime(startTime),
    endTime: hrTime(endTime),
    duration: hrTime(endTime - startTime),
    ended: true,
    status: span.status === 'error' ? { code: failedStatus, ...(message !== undefined && { message }) } : { code: 0 },
    attributes: raw(span.attributes),
    events: span.events.map(({ name, time, attributes }) => ({
      name,
      time: hrTime(time),
      attributes: raw(attributes),
    })),
    links: span.links.map(({ context, attributes = {} }) => ({
      context: toRaw(api, context),
      attributes: raw(attributes),
    })),
    resource,
    instrumentationScope: { name: 'triport', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function raw(attributes: Attributes): RawAttributes {
  return attributes as RawAttributes
}
