import type { Instrument, Meter, MeterAttributes, Observation } from '../ports/meter.js'

/** The sum of a counter or the value of a gauge, for one set of attributes. */
export interface NumberPoint {
  readonly instrument: Instrument
  readonly attributes: MeterAttributes
  readonly value: number
}

/** What a histogram has seen, for one set of attributes. */
export interface HistogramPoint {
  readonly instrument: Instrument
  readonly attributes: MeterAttributes
  readonly count: number
  readonly sum: number
  /** How many values were in each bucket and in no bucket below; the last one has what is above all bounds. */
  readonly counts: readonly number[]
}

export type Point = NumberPoint | HistogramPoint

/** A meter that adds up in this process. */
export interface Aggregator extends Meter {
  /** Everything since the beginning. Never rejects. */
  collect(): Promise<readonly Point[]>
}

/** Sets of attributes that one instrument keeps apart: what is new after that is counted together. */
export const mostSeries = 1_000

/** OpenTelemetry's mark for what was counted together. */
const overflow: MeterAttributes = { 'otel.metric.overflow': true }

export function createAggregator(failed: (error: unknown) => void): Aggregator {
  const sums = new Map<Instrument, Series<Sum>>()
  const spreads = new Map<Instrument, Series<Spread>>()
  const reads = new Set<() => Promise<readonly Observation[]>>()

  async function observed(read: () => Promise<readonly Observation[]>): Promise<readonly Observation[]> {
    try {
      return await read()
    } catch (error) {
      failed(error)
      return []
    }
  }

  return {
    enabled: true,
    counter(instrument) {
      const series = sums.get(instrument) ?? new Series(instrument, (attributes) => new Sum(instrument, attributes))
      sums.set(instrument, series)
      return {
        add(value, attributes) {
          series.of(attributes).value += value
        },
      }
    },
    histogram(instrument) {
      const { buckets = [] } = instrument
      const create = (attributes: MeterAttributes) => new Spread(instrument, attributes, buckets)
      const series = spreads.get(instrument) ?? new Series(instrument, create)
      spreads.set(instrument, series)
      return { record: (value, attributes) => series.of(attributes).record(value) }
    },
    observe(_instruments, read) {
      reads.add(read)
      return () => void reads.delete(read)
    },
    async collect() {
      const read = await Promise.all([...reads].map(observed))
      const kept = [...sums.values(), ...spreads.values()].flatMap((series): Point[] => series.all())
      return [...kept, ...read.flat()]
    },
  }
}

/** The values of one instrument, one for each set of attributes. */
class Series<Value> {
  readonly #instrument: Instrument
  readonly #create: (attributes: MeterAttributes) => Value
  readonly #values = new Map<string, Value>()
  /** Whoever measures often passes the same object each time. */
  readonly #known = new WeakMap<MeterAttributes, Value>()

  constructor(instrument: Instrument, create: (attributes: MeterAttributes) => Value) {
    this.#instrument = instrument
    this.#create = create
  }

  of(attributes: MeterAttributes): Value {
    const known = this.#known.get(attributes)
    if (known !== undefined) return known
    const value = this.#find(attributes)
    this.#known.set(attributes, value)
    return value
  }

  all(): Value[] {
    return [...this.#values.values()]
  }

  #find(attributes: MeterAttributes): Value {
    const key = this.#instrument.attributes.map((name) => String(attributes[name] ?? '')).join('\0')
    return this.#values.get(key) ?? (this.#values.size < mostSeries ? this.#add(key, attributes) : this.#overflow())
  }

  #overflow(): Value {
    return this.#values.get(overflowKey) ?? this.#add(overflowKey, overflow)
  }

  #add(key: string, attributes: MeterAttributes): Value {
    const value = this.#create(attributes)
    this.#values.set(key, value)
    return value
  }
}

const overflowKey = '\0overflow'

class Sum implements NumberPoint {
  value = 0

  constructor(
    readonly instrument: Instrument,
    readonly attributes: MeterAttributes,
  ) {}
}

class Spread implements HistogramPoint {
  count = 0
  sum = 0
  readonly counts: number[]

  constructor(
    readonly instrument: Instrument,
    readonly attributes: MeterAttributes,
    private readonly bounds: readonly number[],
  ) {
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  record(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > (this.bounds[bucket] as number)) bucket++
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.count += 1
    this.sum += value
  }
}
