import type { Carrier, SpanContext } from '../ports/tracer.js'

/** Bit 0 of the trace flags: the caller keeps its spans of this trace. */
export const sampledFlag = 0x01
/** Bit 1 of the trace flags: the lower 56 bits of the trace id are random. */
export const randomFlag = 0x02

/**
 * Reads the span that a carrier names, as W3C Trace Context (level 2) tells. A broken `tracestate` is dropped alone.
 *
 * @returns `undefined` without a valid `traceparent`.
 */
export function readCarrier(carrier: Carrier | null | undefined): SpanContext | undefined {
  const context = parseTraceparent(single(carrier?.traceparent))
  if (context === undefined) return undefined
  const header = carrier?.tracestate
  const traceState = header === undefined ? undefined : parseTracestate(header)
  return traceState === undefined ? context : { ...context, traceState }
}

/** Adds the headers that name `context` to the carrier. A `tracestate` left in it from another trace is removed. */
export function writeCarrier(carrier: Record<string, string>, context: SpanContext): Record<string, string> {
  carrier.traceparent = formatTraceparent(context)
  if (context.traceState) carrier.tracestate = context.traceState
  else if (carrier.tracestate !== undefined) delete carrier.tracestate
  return carrier
}

/** `00-<trace id>-<span id>-<flags>`. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & (sampledFlag | randomFlag)}`
}

const traceparent = /^[\t ]*([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*?)?[\t ]*$/

/** Reads a `traceparent`. Of versions to come, the ids are read and the flag "sampled", the only one that is said to stay what it is. */
export function parseTraceparent(text: unknown): SpanContext | undefined {
  if (typeof text !== 'string') return undefined
  const [, version, traceId, spanId, flags, more] = traceparent.exec(text) ?? []
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (isZero(traceId) || isZero(spanId)) return undefined
  const traceFlags = Number.parseInt(flags, 16) & (version === '00' ? sampledFlag | randomFlag : sampledFlag)
  return { traceId, spanId, traceFlags, remote: true }
}

const member = /^[\da-z][\da-z_\-*/@]{0,255}=[\x20-\x3c\x3e-\x7e]{0,255}[\x21-\x3c\x3e-\x7e]$/
const blanks = /^[\t ]+|[\t ]+$/g
const maxMembers = 32
/** W3C asks that at least this many characters are passed on. More would let a caller fill what we store. */
const maxLength = 512
/** Longer members go first when the whole is too long. */
const longMember = 128

/**
 * Reads a `tracestate`; several headers count as one, in order.
 *
 * @returns Its members without the blanks around them and at most 512 characters, `undefined` when it breaks the grammar.
 */
export function parseTracestate(header: unknown): string | undefined {
  const text = Array.isArray(header) ? header.join(',') : header
  if (typeof text !== 'string') return undefined
  const members = text
    .split(',')
    .map((part) => part.replace(blanks, ''))
    .filter((part) => part !== '')
  if (members.length === 0 || members.length > maxMembers || !members.every((part) => member.test(part)))
    return undefined
  const keys = new Set(members.map((part) => part.slice(0, part.indexOf('='))))
  if (keys.size < members.length) return undefined
  return shortened(members)
}

function shortened(members: readonly string[]): string | undefined {
  const whole = members.join(',')
  if (whole.length <= maxLength) return whole
  const kept = members.filter((part) => part.length <= longMember)
  while (kept.join(',').length > maxLength) kept.pop()
  return kept.length > 0 ? kept.join(',') : undefined
}

/** Some carriers hold lists. Two traceparents name no parent: nobody can say which is right. */
function single(value: string | readonly string[] | undefined): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}

function isZero(id: string): boolean {
  return !/[^0]/.test(id)
}
