import type { Attributes, AttributeValue } from '../ports/tracer.js'
import type { Report } from '../report.js'
import { type Redact, type RedactedPart, redacted } from './redact.js'

/** OpenTelemetry's default for attributes, events and links of one span: a loop must not fill the memory. */
export const maxEntries = 128

/** Attributes that may be kept. */
export type CleanAttributes = Record<string, AttributeValue>

/** Applies a redaction, whatever that does. */
export interface Cleaner {
  value(key: string, value: AttributeValue, part: RedactedPart): AttributeValue | undefined
  text(key: string, value: string, part: RedactedPart): string
  /** A copy, so that the caller's object may change later. */
  all(attributes: Attributes, part: RedactedPart): CleanAttributes
}

/** @param report Hears of a redaction that throws. */
export function createCleaner(redact: Redact, report: Report): Cleaner {
  function value(key: string, given: AttributeValue, part: RedactedPart): AttributeValue | undefined {
    try {
      return redact(key, given, part)
    } catch (error) {
      report(error, { stage: 'tracer.redact', key })
      return redacted
    }
  }

  return {
    value,
    text(key, given, part) {
      const clean = value(key, given, part)
      return clean === undefined ? '' : String(clean)
    },
    all(attributes, part) {
      const kept: Record<string, AttributeValue | undefined> = { ...attributes }
      let count = 0
      for (const key in kept) {
        const given = kept[key]
        const clean = given === undefined || count >= maxEntries ? undefined : value(key, given, part)
        if (clean === undefined) {
          delete kept[key]
          continue
        }
        count++
        if (clean !== given) kept[key] = clean
      }
      return kept as CleanAttributes
    },
  }
}
