import type { Unsubscribe } from '../emitter.js'
import type { Instrument, Meter, Observation } from '../ports/meter.js'

/** A meter that hands everything on to others, which may come and go. */
export interface JoinedMeter extends Meter {
  /** Hands everything on to `meter` too, until it is undone. */
  join(meter: Meter): Unsubscribe
}

interface Observer {
  readonly instruments: readonly Instrument[]
  read(): Promise<readonly Observation[]>
}

export function joinedMeter(): JoinedMeter {
  /** Each with what undoes its observers. */
  const undoing = new Map<Meter, Map<Observer, Unsubscribe>>()
  const observers = new Set<Observer>()
  /** The same meters, for those who look at each job whether there are any. */
  let meters: readonly Meter[] = []

  /** Calls `use` with the instrument of every meter that takes numbers. */
  function each<Made>(make: (meter: Meter) => Made) {
    const made = new WeakMap<Meter, Made>()
    return (use: (instrument: Made) => void): void => {
      for (const meter of meters) {
        if (!meter.enabled) continue
        let instrument = made.get(meter)
        if (instrument === undefined) {
          instrument = make(meter)
          made.set(meter, instrument)
        }
        use(instrument)
      }
    }
  }

  return {
    get enabled() {
      return meters.length > 0 && meters.some((meter) => meter.enabled)
    },
    counter(instrument) {
      const counters = each((meter) => meter.counter(instrument))
      return { add: (value, attributes) => counters((counter) => counter.add(value, attributes)) }
    },
    histogram(instrument) {
      const histograms = each((meter) => meter.histogram(instrument))
      return { record: (value, attributes) => histograms((histogram) => histogram.record(value, attributes)) }
    },
    observe(instruments, read) {
      const observer = { instruments, read }
      observers.add(observer)
      for (const [meter, undo] of undoing) undo.set(observer, meter.observe(instruments, read))
      return () => {
        observers.delete(observer)
        for (const undo of undoing.values()) {
          undo.get(observer)?.()
          undo.delete(observer)
        }
      }
    },
    join(meter) {
      if (!undoing.has(meter)) {
        const undo = new Map<Observer, Unsubscribe>()
        undoing.set(meter, undo)
        meters = [...undoing.keys()]
        for (const observer of observers) undo.set(observer, meter.observe(observer.instruments, observer.read))
      }
      return () => {
        for (const end of undoing.get(meter)?.values() ?? []) end()
        undoing.delete(meter)
        meters = [...undoing.keys()]
      }
    },
  }
}
