import { createRequire } from 'node:module'
import type { Attributes, AttributeValue, SpanKind } from '../../../core/ports/tracer.js'
import type { Received } from './otlp.js'

/** The decoder that protobufjs has made of opentelemetry-proto, as OpenTelemetry publishes it. Its schema is older than the flags of spans. */
const { opentelemetry } = createRequire(import.meta.url)(
  '@opentelemetry/otlp-proto-exporter-base/build/src/generated/root.js',
) as { readonly opentelemetry: Schema }

interface Schema {
  readonly proto: {
    readonly collector: {
      readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: { decode(body: Buffer): Request } } }
    }
  }
}

interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] }
    readonly scopeSpans: readonly {
      readonly scope: { name: string; version: string }
      readonly spans: readonly ProtoSpan[]
    }[]
  }[]
}

interface ProtoSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly parentSpanId: Uint8Array | null
  readonly traceState: string
  readonly startTimeUnixNano: Long
  readonly endTimeUnixNano: Long
  readonly attributes: readonly Pair[]
  readonly events: readonly {
    readonly name: string
    readonly timeUnixNano: Long
    readonly attributes: readonly Pair[]
  }[]
  readonly links: readonly {
    readonly traceId: Uint8Array
    readonly spanId: Uint8Array
    readonly attributes: readonly Pair[]
  }[]
  readonly status?: { readonly code: number; readonly message: string }
}

interface Pair {
  readonly key: string
  readonly value: AnyValue
}

interface AnyValue {
  readonly stringValue?: string | null
  readonly boolValue?: boolean | null
  readonly intValue?: Long | null
  readonly doubleValue?: number | null
  readonly arrayValue?: { readonly values: readonly AnyValue[] } | null
}

type Long = number | { toString(): string }

const kinds: readonly SpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer']

/** What an export request says, without the flags of its spans and links. */
export function readByOfficialSchema(body: Buffer): Received[] {
  const request = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest.decode(body)
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const described = attributesOf(resource.attributes)
    return scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        resource: described,
        scope: `${scope.name}@${scope.version}`,
        span: spanOf(span, String(described['service.name'])),
      })),
    )
  })
}

/** The same without them, of what was read by a schema that has them. */
export function withoutFlags(received: readonly Received[]): Received[] {
  return received.map(({ span, ...rest }) => {
    const links = span.links.map(({ context, ...link }) => ({ ...link, context: { ...context, traceFlags: 0 } }))
    return { ...rest, span: { ...span, traceFlags: 0, links } }
  })
}

function spanOf(span: ProtoSpan, service: string): Received['span'] {
  return {
    name: span.name,
    kind: kinds[span.kind] ?? 'internal',
    service,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId) || undefined,
    traceFlags: 0,
    traceState: span.traceState || undefined,
    startTime: milliseconds(span.startTimeUnixNano),
    endTime: milliseconds(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, timeUnixNano, attributes }) => {
      return { name, time: milliseconds(timeUnixNano), attributes: attributesOf(attributes) }
    }),
    links: span.links.map(({ traceId, spanId, attributes }) => {
      return {
        context: { traceId: hex(traceId), spanId: hex(spanId), traceFlags: 0 },
        attributes: attributesOf(attributes),
      }
    }),
    status: span.status?.code === 2 ? 'error' : 'unset',
    statusMessage: span.status?.message || undefined,
  }
}

function attributesOf(pairs: readonly Pair[]): Attributes {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plainValue(value)]))
}

function plainValue({ stringValue, boolValue, intValue, doubleValue, arrayValue }: AnyValue): AttributeValue {
  if (arrayValue) return arrayValue.values.map(plainValue) as unknown as AttributeValue
  return stringValue ?? boolValue ?? doubleValue ?? Number(intValue?.toString())
}

function hex(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString('hex')
}

function milliseconds(nanoseconds: Long): number {
  return Number(nanoseconds.toString()) / 1_000_000
}
