import type { Attributes, AttributeValue, SpanKind } from '../../../core/ports/tracer.js'
import type { FinishedSpan } from '../../../core/tracer/finished-span.js'

/** What an export request says: a reader of opentelemetry-proto 1.x of our own, so that the exporter is not its own witness. */
export interface Received {
  readonly resource: Attributes
  readonly scope: string
  readonly span: FinishedSpan
}

type Value = bigint | Buffer
/** The values of a message, by field number. */
type Fields = ReadonlyMap<number, readonly Value[]>

export function readExportRequest(body: Buffer): Received[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const resource = attributesIn(messages(resourceSpans, 1)[0] ?? new Map(), 1)
    return messages(resourceSpans, 2).flatMap((scopeSpans) => {
      const [scope] = messages(scopeSpans, 1)
      const name = `${text(scope, 1)}@${text(scope, 2)}`
      return messages(scopeSpans, 2).map((fields) => ({ resource, scope: name, span: spanOf(fields, resource) }))
    })
  })
}

const kinds: readonly (SpanKind | undefined)[] = [undefined, 'internal', 'server', 'client', 'producer', 'consumer']

function spanOf(fields: Fields, resource: Attributes): FinishedSpan {
  const [status] = messages(fields, 15)
  const kind = kinds[Number(number(fields, 6))]
  if (kind === undefined) throw new Error('a span without a kind')
  return {
    name: text(fields, 5),
    kind,
    service: String(resource['service.name']),
    traceId: hex(fields, 1),
    spanId: hex(fields, 2),
    parentSpanId: hex(fields, 4) || undefined,
    traceFlags: Number(number(fields, 16)) & 0xff,
    traceState: text(fields, 3) || undefined,
    startTime: milliseconds(fields, 7),
    endTime: milliseconds(fields, 8),
    attributes: attributesIn(fields, 9),
    events: messages(fields, 11).map((event) => ({
      name: text(event, 2),
      time: milliseconds(event, 1),
      attributes: attributesIn(event, 3),
    })),
    links: messages(fields, 13).map((link) => ({
      context: { traceId: hex(link, 1), spanId: hex(link, 2), traceFlags: Number(number(link, 6)) & 0xff },
      attributes: attributesIn(link, 4),
    })),
    status: number(status, 3) === 2n ? 'error' : 'unset',
    statusMessage: text(status, 2) || undefined,
  }
}

function attributesIn(fields: Fields, field: number): Attributes {
  return Object.fromEntries(
    messages(fields, field).map((pair) => [text(pair, 1), attributeValue(messages(pair, 2)[0])]),
  )
}

function attributeValue(any: Fields | undefined): AttributeValue {
  if (any?.has(1)) return text(any, 1)
  if (any?.has(2)) return number(any, 2) === 1n
  if (any?.has(3)) return Number(BigInt.asIntN(64, number(any, 3)))
  if (any?.has(4)) return bits(number(any, 4))
  if (any?.has(5)) return messages(messages(any, 5)[0], 1).map(attributeValue) as unknown as AttributeValue
  throw new Error('an attribute of a type that is not sent here')
}

function fieldsOf(body: Buffer): Fields {
  const fields = new Map<number, Value[]>()
  let at = 0
  function varint(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = body[at++]
      if (byte === undefined) throw new Error('a message that ends too early')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  function take(length: number): Buffer {
    at += length
    if (at > body.length) throw new Error('a message that ends too early')
    return body.subarray(at - length, at)
  }
  while (at < body.length) {
    const tag = Number(varint())
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), read(tag & 7)])
  }
  return fields

  function read(wire: number): Value {
    if (wire === 0) return varint()
    if (wire === 1) return take(8).readBigUInt64LE()
    if (wire === 2) return take(Number(varint()))
    if (wire === 5) return BigInt(take(4).readUInt32LE())
    throw new Error(`wire type ${wire}`)
  }
}

function messages(fields: Fields | undefined, field: number): Fields[] {
  return (fields?.get(field) ?? []).map((value) => fieldsOf(value as Buffer))
}

function text(fields: Fields | undefined, field: number): string {
  return (fields?.get(field)?.at(-1) as Buffer | undefined)?.toString('utf8') ?? ''
}

function hex(fields: Fields, field: number): string {
  return (fields.get(field)?.at(-1) as Buffer | undefined)?.toString('hex') ?? ''
}

function number(fields: Fields | undefined, field: number): bigint {
  return (fields?.get(field)?.at(-1) as bigint | undefined) ?? 0n
}

function milliseconds(fields: Fields, field: number): number {
  return Number(number(fields, field)) / 1_000_000
}

function bits(value: bigint): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, value)
  return view.getFloat64(0)
}
