import type { ServiceInfo } from '../ports/driver.js'
import type { Meter } from '../ports/meter.js'
import type { Report } from '../report.js'
import { type Aggregator, createAggregator } from './aggregator.js'
import { joinedMeter } from './joined.js'
import { prometheusText } from './prometheus.js'

/** What a runtime measures of itself, for those who ask. */
export interface Metrics {
  /** Takes what is measured, and hands it to all who want it. */
  readonly meter: Meter
  /**
   * Begins to add up in this process, for `text`. Until then it costs nothing. An adapter that serves `{base}/metrics` calls it.
   *
   * @returns False when the configuration says `metrics: false`.
   */
  keep(): boolean
  /** What was measured since `keep`, in Prometheus' text format. */
  text(): Promise<string>
}

/** Metrics, and how their runtime drives them. */
export interface OwnedMetrics extends Metrics {
  /** Hands what is measured to the meter that comes with the tracer, in place of the one before, unless the configuration has its own. */
  use(meter: Meter | undefined): void
}

export interface MetricsOptions {
  /** What the configuration says. @default undefined */
  readonly option: boolean | Meter | undefined
  readonly service: ServiceInfo
  readonly instanceId: string
  readonly report: Report
}

export function createMetrics({ option, service, instanceId, report }: MetricsOptions): OwnedMetrics {
  const { name, version } = service
  const resource = { 'service.name': name, 'service.version': version, 'service.instance.id': instanceId }
  const meter = joinedMeter()
  let aggregator: Aggregator | undefined
  let leave = () => {}

  function keep(): boolean {
    if (option === false) return false
    if (aggregator === undefined) {
      aggregator = createAggregator((error) => report(error, { stage: 'metrics.read' }))
      meter.join(aggregator)
    }
    return true
  }

  if (option === true) keep()
  if (typeof option === 'object') meter.join(option)

  return {
    meter,
    keep,
    text: async () => prometheusText((await aggregator?.collect()) ?? [], resource),
    use(next) {
      leave()
      leave = next === undefined || option === false || typeof option === 'object' ? () => {} : meter.join(next)
    },
  }
}

/** What is wrong with the option, one sentence each. */
export function problemsOfMetrics(option: unknown): string[] {
  if (option === undefined || typeof option === 'boolean') return []
  const { counter, histogram, observe } = (option ?? {}) as Partial<Meter>
  if ([counter, histogram, observe].every((member) => typeof member === 'function')) return []
  return ['metrics is no meter. Write true, false, or pass a meter such as openTelemetryMeter().']
}
