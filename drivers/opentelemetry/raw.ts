import type { Span as RawSpan } from '@opentelemetry/api'
import type { SpanContext } from '../../core/ports/tracer.js'
import type { Api } from './api.js'
import { ApiSpan } from './api-span.js'
import { mark, toRaw } from './convert.js'
import { type OwnSpan, RecordedSpan } from './span.js'

/** What OpenTelemetry takes for our span. Made when somebody asks. */
export function rawOf(api: Api, span: OwnSpan): RawSpan {
  if (span.raw !== undefined) return span.raw
  const raw =
    span instanceof RecordedSpan
      ? new ApiSpan(api, span)
      : api.trace.wrapSpanContext(toRaw(api, span.context() as SpanContext))
  mark(raw, span)
  ;(span as RecordedSpan).raw = raw
  return raw
}
