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
  /** The object itself when all of it may be kept: for whoever copies it at once. */
  passed(attributes: Attributes, part: RedactedPart): CleanAttributes
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

  function passed(attributes: Attributes, part: RedactedPart): CleanAttributes {
    let kept: Record<string, AttributeValue | undefined> | undefined
    let count = 0
    for (const key in attributes) {
      const given = attributes[key]
      const clean = given === undefined || count >= maxEntries ? undefined : value(key, given, part)
      if (clean !== undefined) {
        count++
        if (clean === given) continue
      }
      kept ??= { ...attributes }
      if (clean === undefined) delete kept[key]
      else kept[key] = clean
    }
    return (kept ?? attributes) as CleanAttributes
  }

  return {
    value,
    text(key, given, part) {
      const clean = value(key, given, part)
      return clean === undefined ? '' : String(clean)
    },
    all(attributes, part) {
      const kept = passed(attributes, part)
      return kept === attributes ? { ...kept } : kept
    },
    passed,
  }
}
