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
  const meters = new Map<Meter, Map<Observer, Unsubscribe>>()
  const observers = new Set<Observer>()

  /** Calls `use` with the instrument of every meter that takes numbers. */
  function each<Made>(make: (meter: Meter) => Made) {
    const made = new WeakMap<Meter, Made>()
    return (use: (instrument: Made) => void): void => {
      for (const meter of meters.keys()) {
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
      for (const meter of meters.keys()) if (meter.enabled) return true
      return false
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
      for (const [meter, undo] of meters) undo.set(observer, meter.observe(instruments, read))
      return () => {
        observers.delete(observer)
        for (const undo of meters.values()) {
          undo.get(observer)?.()
          undo.delete(observer)
        }
      }
    },
    join(meter) {
      if (!meters.has(meter)) {
        const undo = new Map<Observer, Unsubscribe>()
        meters.set(meter, undo)
        for (const observer of observers) undo.set(observer, meter.observe(observer.instruments, observer.read))
      }
      return () => {
        for (const end of meters.get(meter)?.values() ?? []) end()
        meters.delete(meter)
      }
    },
  }
}
