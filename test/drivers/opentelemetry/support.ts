import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Attributes, SpanKind } from '../../../core/ports/tracer.js'
import type { FinishedSpan } from '../../../core/tracer/finished-span.js'

/** The official SDK with an exporter that keeps what it gets, as an application would set it up. */
export function applicationSdk() {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  return { provider, spans: () => exporter.getFinishedSpans().map(finishedSpan) }
}

const kinds: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer']

/** A span of the SDK's in our words. */
export function finishedSpan(span: ReadableSpan): FinishedSpan {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  return {
    name: span.name,
    kind: kinds[span.kind] ?? 'internal',
    service: undefined,
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    traceFlags,
    traceState: traceState?.serialize(),
    startTime: milliseconds(span.startTime),
    endTime: milliseconds(span.endTime),
    attributes: span.attributes as Attributes,
    events: span.events.map(({ name, time, attributes }) => ({
      name,
      time: milliseconds(time),
      attributes: (attributes ?? {}) as Attributes,
    })),
    links: span.links.map(({ context, attributes }) => ({
      context: { traceId: context.traceId, spanId: context.spanId, traceFlags: context.traceFlags },
      attributes: (attributes ?? {}) as Attributes,
    })),
    status: span.status.code === 2 ? 'error' : 'unset',
    statusMessage: span.status.message,
  }
}

function milliseconds([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1_000_000
}
