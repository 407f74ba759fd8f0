import type { Instrument, InstrumentKind, MeterAttributes } from '../ports/meter.js'
import type { Point } from './aggregator.js'

/** What the answer to a scrape says it is. */
export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Writes what was measured in Prometheus' text format, with the names that OpenTelemetry's specification gives them there: dots become
 * underscores, the unit is part of the name, and that of a counter ends in `_total`.
 *
 * @param resource What is true of all of it, such as `service.name`: the labels of `target_info`.
 */
export function prometheusText(points: readonly Point[], resource: MeterAttributes): string {
  const info: Point = { instrument: targetInfo, attributes: resource, value: 1 }
  const families = Map.groupBy([info, ...points], ({ instrument }) => instrument)
  return [...families].map(([instrument, members]) => family(instrument, members)).join('')
}

/** `messaging.process.duration` in `s` is `messaging_process_duration_seconds`. */
export function prometheusName({ name, unit, kind }: Pick<Instrument, 'name' | 'unit' | 'kind'>): string {
  const base = name.replace(/[^a-zA-Z\d:]+/g, '_')
  const suffix = unit === '1' && kind === 'gauge' ? 'ratio' : units[unit]
  const whole = suffix === undefined || base.endsWith(`_${suffix}`) ? base : `${base}_${suffix}`
  return kind === 'counter' && !whole.endsWith('_total') ? `${whole}_total` : whole
}

/** What is counted is named in braces, and in no name of a metric. */
const units: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes' }

const types: Readonly<Record<InstrumentKind, string>> = {
  counter: 'counter',
  upDownCounter: 'gauge',
  histogram: 'histogram',
  gauge: 'gauge',
}

const targetInfo: Instrument = {
  name: 'target_info',
  kind: 'gauge',
  unit: '',
  description: 'The service that this is about.',
  attributes: [],
}

function family(instrument: Instrument, points: readonly Point[]): string {
  const name = prometheusName(instrument)
  const help = instrument.description.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  const samples = points.flatMap((point) => samplesOf(name, point))
  return `# HELP ${name} ${help}\n# TYPE ${name} ${types[instrument.kind]}\n${samples.join('')}`
}

function samplesOf(name: string, point: Point): string[] {
  const labels = labelsOf(point.attributes)
  if ('value' in point) return [sample(name, labels, point.value)]
  const { count, sum, counts, instrument } = point
  const bounds = [...(instrument.buckets ?? []), Number.POSITIVE_INFINITY]
  let below = 0
  const buckets = bounds.map((bound, index) => {
    below += counts[index] ?? 0
    return sample(`${name}_bucket`, [...labels, `le="${numeral(bound)}"`], below)
  })
  return [...buckets, sample(`${name}_sum`, labels, sum), sample(`${name}_count`, labels, count)]
}

function sample(name: string, labels: readonly string[], value: number): string {
  return `${name}${labels.length > 0 ? `{${labels.join(',')}}` : ''} ${numeral(value)}\n`
}

function labelsOf(attributes: MeterAttributes): string[] {
  return Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.replace(/\W+/g, '_')}="${escaped(String(value))}"`],
  )
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numeral(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}
