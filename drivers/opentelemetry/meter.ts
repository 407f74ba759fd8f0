import type {
  Attributes,
  BatchObservableCallback,
  MeterProvider,
  MetricOptions,
  Observable,
  Meter as RawMeter,
} from '@opentelemetry/api'
import type { Unsubscribe } from '../../core/emitter.js'
import type { Instrument, Meter, MeterAttributes, Observation } from '../../core/ports/meter.js'
import { version } from '../../core/version.js'
import { registered } from './api.js'
import type { OpenTelemetryMeterProvider } from './options.js'

/** Options of `openTelemetryMeter`. */
export interface OpenTelemetryMeterOptions {
  /** A provider of your own. @default the one that is registered, also when that happens later */
  readonly provider?: OpenTelemetryMeterProvider
}

/**
 * Hands what is measured to OpenTelemetry: for `metrics` of `createRuntime`. The tracer driver `opentelemetry` does so by itself.
 *
 * ```ts
 * createRuntime({ metrics: openTelemetryMeter() })
 * ```
 */
export function openTelemetryMeter({ provider }: OpenTelemetryMeterOptions = {}): Meter {
  return createOpenTelemetryMeter(() => (provider as MeterProvider | undefined) ?? registered()?.metrics)
}

/** @param find The provider in use. Asked whenever something is measured: OpenTelemetry has no stand-in for one that comes later. */
export function createOpenTelemetryMeter(find: () => MeterProvider | undefined): Meter {
  const observers = new Set<Observer>()
  let provider: MeterProvider | undefined
  let meter: RawMeter | undefined

  /** The meter of the provider in use, with all observers on it. */
  function current(): RawMeter | undefined {
    const found = find()
    if (found === provider) return meter
    for (const observer of observers) observer.leave()
    provider = found
    meter = found?.getMeter('triport', version)
    if (meter) for (const observer of observers) observer.watch(meter)
    return meter
  }

  /** Makes an instrument anew when the meter is another. */
  function made<Made>(create: (meter: RawMeter) => Made): () => Made | undefined {
    let from: RawMeter | undefined
    let latest: Made | undefined
    return () => {
      const now = current()
      if (now !== from) latest = now && create(now)
      from = now
      return latest
    }
  }

  return {
    get enabled() {
      return current() !== undefined
    },
    counter(instrument) {
      const counter = made((raw) =>
        instrument.kind === 'upDownCounter'
          ? raw.createUpDownCounter(instrument.name, optionsOf(instrument))
          : raw.createCounter(instrument.name, optionsOf(instrument)),
      )
      return { add: (value, attributes) => counter()?.add(value, withoutUndefined(attributes)) }
    },
    histogram(instrument) {
      const histogram = made((raw) => raw.createHistogram(instrument.name, optionsOf(instrument)))
      return { record: (value, attributes) => histogram()?.record(value, withoutUndefined(attributes)) }
    },
    observe(instruments, read) {
      const observer = new Observer(instruments, read)
      observers.add(observer)
      const now = current()
      if (now) observer.watch(now)
      return () => {
        observer.leave()
        observers.delete(observer)
      }
    },
  }
}

/** Reads values for a meter, one call for all of its instruments. */
class Observer {
  readonly #instruments: readonly Instrument[]
  readonly #read: () => Promise<readonly Observation[]>
  #end: Unsubscribe | undefined

  constructor(instruments: readonly Instrument[], read: () => Promise<readonly Observation[]>) {
    this.#instruments = instruments
    this.#read = read
  }

  watch(meter: RawMeter): void {
    if (this.#end) return
    const observables = new Map(this.#instruments.map((instrument) => [instrument, observableOf(meter, instrument)]))
    const callback: BatchObservableCallback = async (result) => {
      for (const { instrument, value, attributes } of await this.#read()) {
        const observable = observables.get(instrument)
        if (observable) result.observe(observable, value, withoutUndefined(attributes))
      }
    }
    const all = [...observables.values()]
    meter.addBatchObservableCallback(callback, all)
    this.#end = () => meter.removeBatchObservableCallback(callback, all)
  }

  leave(): void {
    this.#end?.()
    this.#end = undefined
  }
}

function observableOf(meter: RawMeter, instrument: Instrument): Observable {
  const { name, kind } = instrument
  const options = optionsOf(instrument)
  if (kind === 'counter') return meter.createObservableCounter(name, options)
  return kind === 'gauge'
    ? meter.createObservableGauge(name, options)
    : meter.createObservableUpDownCounter(name, options)
}

function optionsOf({ unit, description, buckets }: Instrument): MetricOptions {
  return { unit, description, ...(buckets && { advice: { explicitBucketBoundaries: [...buckets] } }) }
}

/** OpenTelemetry takes an attribute without a value for one more attribute. */
function withoutUndefined(attributes: MeterAttributes): Attributes {
  for (const name in attributes) {
    if (attributes[name] !== undefined) continue
    return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
  }
  return attributes
}
