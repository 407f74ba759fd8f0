import type { AttributeValue, Baggage, Carrier } from '../ports/tracer.js'

/** What W3C Baggage asks everybody to pass on. More would let a caller fill what we store. */
const maxEntries = 64
const maxBytes = 8_192

/** The baggage of a context that has none. */
export const noBaggage: Baggage = Object.freeze(Object.create(null) as Record<string, string>)

/** Which entries go to other processes and come from them: all, none, or those of these names. */
export type BaggageKeys = boolean | readonly string[]

/** Where baggage leaves the process and enters it. */
export interface BaggageGate {
  /** @returns `undefined` when the carrier has no baggage that may come in. */
  read(carrier: Carrier | null | undefined): Baggage | undefined
  /** Adds the header, when there is anything to tell. */
  write(carrier: Record<string, string>, baggage: Baggage): void
}

/** @param clean Says what may be sent of a value. */
export function baggageGate(
  keys: BaggageKeys,
  clean: (key: string, value: string) => AttributeValue | undefined,
): BaggageGate {
  const passes = typeof keys === 'boolean' ? () => keys : (key: string) => keys.includes(key)
  return {
    read(carrier) {
      const baggage = keys === false ? undefined : parseBaggage(carrier?.baggage, passes)
      return baggage === undefined || isEmpty(baggage) ? undefined : baggage
    },
    write(carrier, baggage) {
      if (baggage === noBaggage) return
      const header = formatBaggage(baggage, (key, value) => (passes(key) ? clean(key, value) : undefined))
      if (header !== '') carrier.baggage = header
    },
  }
}

/** The names that HTTP calls tokens. */
const token = /^[\w!#$%&'*+\-.^`|~]+$/
const value = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
const blanks = /^[\t ]+|[\t ]+$/g

/**
 * Reads a W3C `baggage` header; several headers count as one, in order. A member that breaks the grammar is left out alone, of two with
 * one name the later counts, and properties of members are dropped.
 *
 * @returns `undefined` for what is no header.
 */
export function parseBaggage(header: unknown, passes: (key: string) => boolean = () => true): Baggage | undefined {
  const text = Array.isArray(header) ? header.join(',') : header
  if (typeof text !== 'string') return undefined
  const entries: Record<string, string> = Object.create(null)
  let [count, bytes] = [0, 0]
  for (const member of text.split(',')) {
    const [key, encoded] = readMember(member)
    if (key === undefined || encoded === undefined || !passes(key)) continue
    bytes += key.length + encoded.length + 2
    if (++count > maxEntries || bytes > maxBytes + 1) break
    entries[key] = decodePercent(encoded)
  }
  return Object.freeze(entries)
}

/** Writes a W3C `baggage` header. What does not fit is left out. */
export function formatBaggage(
  baggage: Baggage,
  clean: (key: string, value: string) => AttributeValue | undefined = (_key, value) => value,
): string {
  const members: string[] = []
  let bytes = -1
  for (const key of Object.keys(baggage)) {
    const kept = clean(key, baggage[key] ?? '')
    if (kept === undefined) continue
    const member = `${key}=${encodeURIComponent(String(kept).toWellFormed())}`
    if (members.length >= maxEntries || bytes + 1 + member.length > maxBytes) continue
    bytes += 1 + member.length
    members.push(member)
  }
  return members.join(',')
}

/** `base` with these entries; `undefined` takes one away. */
export function mergeBaggage(base: Baggage, entries: Readonly<Record<string, string | undefined>>): Baggage {
  const merged: Record<string, string> = Object.assign(Object.create(null), base)
  for (const key of Object.keys(entries)) {
    const given = entries[key]
    if (given === undefined) delete merged[key]
    else if (token.test(key)) merged[key] = String(given)
  }
  return isEmpty(merged) ? noBaggage : Object.freeze(merged)
}

function readMember(member: string): readonly [key?: string, encoded?: string] {
  const [pair = ''] = member.split(';', 1)
  const at = pair.indexOf('=')
  if (at < 0) return []
  const key = pair.slice(0, at).replace(blanks, '')
  const encoded = pair.slice(at + 1).replace(blanks, '')
  return token.test(key) && value.test(encoded) ? [key, encoded] : []
}

const octets = /(?:%[\da-f]{2})+/gi
const character =
  /%[cd][\da-f]%[89ab][\da-f]|%e[\da-f](?:%[89ab][\da-f]){2}|%f[\da-f](?:%[89ab][\da-f]){3}|%[\da-f]{2}/gi

/** A `%` that begins no octet stays, and octets that are no UTF-8 become U+FFFD, as the specification asks. */
function decodePercent(text: string): string {
  return text.replace(octets, (run) => decoded(run) ?? run.replace(character, (one) => decoded(one) ?? '\ufffd'))
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // It is no UTF-8.
  }
}

function isEmpty(entries: object): boolean {
  for (const _key in entries) return false
  return true
}
