import type {
  HrTime,
  Span as RawSpan,
  SpanContext as RawSpanContext,
  SpanStatusCode,
  TraceState,
} from '@opentelemetry/api'
import type { SpanContext, SpanKind } from '../../core/ports/tracer.js'
import type { Api } from './api.js'

/** OpenTelemetry's numbers for kinds. */
export const kinds = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const satisfies Record<
  SpanKind,
  number
>

/** OpenTelemetry's number for a status that says "failed". */
export const failedStatus = 2 satisfies SpanStatusCode.ERROR

/** Seconds and nanoseconds, the only form of time that nobody takes for another one. */
export function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000)
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1_000_000)]
}

/** @returns `undefined` for ids that are all zero: OpenTelemetry's span of nothing. */
export function fromRaw({
  traceId,
  spanId,
  traceFlags,
  traceState,
  isRemote,
}: RawSpanContext): SpanContext | undefined {
  if (isZero(traceId) || isZero(spanId)) return undefined
  const state = traceState?.serialize()
  const ids = state ? { traceId, spanId, traceFlags, traceState: state } : { traceId, spanId, traceFlags }
  return isRemote ? { ...ids, remote: true } : ids
}

export function toRaw(api: Api, { traceId, spanId, traceFlags, traceState, remote }: SpanContext): RawSpanContext {
  const state: { traceState?: TraceState } =
    traceState === undefined ? {} : { traceState: api.createTraceState(traceState) }
  return { traceId, spanId, traceFlags, ...state, ...(remote && { isRemote: true }) }
}

function isZero(id: string): boolean {
  return id.startsWith('00000000') && !/[^0]/.test(id)
}

const ours = Symbol('triport.span')
type Marked = RawSpan & { [ours]?: unknown }

/** Remembers our span for one of OpenTelemetry's. */
export function mark(raw: RawSpan, span: object): void {
  if (Object.isExtensible(raw)) (raw as Marked)[ours] = span
}

/** Our span for one of OpenTelemetry's, `undefined` when that is not ours. */
export function markOf(raw: RawSpan): unknown {
  return (raw as Marked)[ours]
}
