import type { FinishedSpan } from 'triport/drivers/memory'
import type { Trace } from './api.js'

/** Where finished spans are kept: the memory tracer. */
export interface FinishedSpans {
  readonly finished: readonly FinishedSpan[]
}

const maxSpans = 1000

/** The spans of one trace, at most the first thousand. */
export function traceOf(traceId: string, finished: readonly FinishedSpan[]): Trace {
  const spans = finished
    .filter((span) => span.traceId === traceId)
    .sort((a, b) => a.startTime - b.startTime)
    .slice(0, maxSpans)
  const begin = spans[0]?.startTime ?? 0
  return {
    trace_id: traceId,
    spans: spans.map((span) => ({
      span_id: span.spanId,
      parent_span_id: span.parentSpanId,
      name: span.name,
      kind: span.kind,
      start: span.startTime - begin,
      duration: span.endTime - span.startTime,
      status: span.status,
      message: span.statusMessage,
    })),
  }
}
