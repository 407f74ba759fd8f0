import type { Unsubscribe } from '../emitter.js'

/** A `counter` only grows, an `upDownCounter` may shrink again, a `histogram` tells how values are spread, a `gauge` is read. */
export type InstrumentKind = 'counter' | 'upDownCounter' | 'histogram' | 'gauge'

/** What is measured, in OpenTelemetry's terms. */
export interface Instrument {
  readonly name: string
  readonly kind: InstrumentKind
  /** By UCUM: `s`, `By`, or what is counted in braces, `{job}`. */
  readonly unit: string
  readonly description: string
  /** The names of all attributes that its values may have. */
  readonly attributes: readonly string[]
  /** Of a histogram: the upper bounds of its buckets, rising. */
  readonly buckets?: readonly number[]
}

/** What a value belongs to, by names of the instrument's `attributes`. `undefined` is as good as left out. */
export type MeterAttributes = Readonly<Record<string, string | number | boolean | undefined>>

/** Adds up values. */
export interface Counter {
  /** @param value Negative only where the instrument is an `upDownCounter`. */
  add(value: number, attributes: MeterAttributes): void
}

/** Tells how values are spread. */
export interface Histogram {
  record(value: number, attributes: MeterAttributes): void
}

/** A value that was read when somebody asked. */
export interface Observation {
  readonly instrument: Instrument
  readonly value: number
  readonly attributes: MeterAttributes
}

/**
 * Takes numbers.
 *
 * - `enabled: false` MUST make every call do nothing. It may become true, and false again, at any time.
 * - No call MUST throw: measuring MUST NOT break the work that it measures.
 * - Every value MUST count once, for its attributes: `undefined` ones left out, in whatever order they are.
 * - Attributes with new values MUST NOT take memory without a bound.
 * - `observe` MUST call `read` once for each collection, and not between collections or after it was undone. A `read` that rejects MUST
 *   leave the other numbers as they are.
 */
export interface Meter {
  /** False when nobody takes numbers: callers need not measure then. */
  readonly enabled: boolean
  /** For a `counter` or an `upDownCounter`. */
  counter(instrument: Instrument): Counter
  histogram(instrument: Instrument): Histogram
  /** Reads values of these instruments whenever numbers are collected: totals of counters, and what gauges show. */
  observe(instruments: readonly Instrument[], read: () => Promise<readonly Observation[]>): Unsubscribe
}
