import type { Context, Span as RawSpan } from '@opentelemetry/api'
import type { Api } from './api.js'
import type { OwnSpan } from './span.js'

/** How a layer answers whoever asks for the span by OpenTelemetry's API. */
export interface Layers {
  /** Under which a context holds its span. */
  readonly spanKey: symbol
  /** What OpenTelemetry takes for our span. */
  rawOf(span: OwnSpan): RawSpan
}

/**
 * A context of OpenTelemetry's with a span of ours in it. What the API makes copies all that the context holds; this is one object, made for
 * every span, and stands for the span even when nobody asks by the API.
 */
export class SpanLayer implements Context {
  /** What it holds besides the span. Never a layer, so that spans below each other do not hold on to each other. */
  readonly base: Context
  readonly span: OwnSpan
  readonly #layers: Layers

  constructor(base: Context, span: OwnSpan, layers: Layers) {
    this.base = base
    this.span = span
    this.#layers = layers
  }

  getValue(key: symbol): unknown {
    return key === this.#layers.spanKey ? this.#layers.rawOf(this.span) : this.base.getValue(key)
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#above(key, this.base.setValue(key, value))
  }

  deleteValue(key: symbol): Context {
    return this.#above(key, this.base.deleteValue(key))
  }

  #above(key: symbol, base: Context): Context {
    return key === this.#layers.spanKey ? base : new SpanLayer(base, this.span, this.#layers)
  }
}

/** The API does not tell its key, but it uses it. */
export function spanKeyOf(api: Api): symbol {
  let found: symbol | undefined
  const probe: Context = {
    getValue: () => undefined,
    setValue: () => probe,
    deleteValue(key) {
      found = key
      return probe
    },
  }
  api.trace.deleteSpan(probe)
  return found ?? Symbol()
}
