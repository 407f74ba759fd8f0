import { type Env, numberFrom, type Problem, pairsFrom, variable } from './env.js'
import type { OpenTelemetryTracerOptions } from './options.js'
import { addressOf, type ExportSettings } from './settings.js'

/** Where and how the SDK exports metrics. */
export interface MetricSettings {
  /** With the path of the signal. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** How long one export may take, in milliseconds. */
  readonly timeout: number
  /** Milliseconds between exports. */
  readonly interval: number
  /** `OTEL_METRICS_EXPORTER` asks for it: what keeps it from happening is told. */
  readonly asked: boolean
}

/** What options and environment say about exporting metrics, beside spans that go to `spans`. `undefined` when they are not to be. */
export function metricSettings(
  options: OpenTelemetryTracerOptions,
  env: Env,
  spans: Pick<ExportSettings, 'protocol'>,
  problem: Problem,
): MetricSettings | undefined {
  const exporters = variable(env, 'OTEL_METRICS_EXPORTER')
    ?.split(',')
    .map((one) => one.trim())
  const asked = exporters?.includes('otlp') === true
  if (exporters && !asked) {
    const other = exporters.filter((one) => one !== 'none')
    if (other.length > 0)
      problem(`OTEL_METRICS_EXPORTER is ${JSON.stringify(other.join(','))}. Known here: otlp, none.`)
    return undefined
  }
  const own = variable(env, 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT')
  const protocol =
    variable(env, 'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL') ?? (own === undefined ? spans.protocol : undefined)
  if (protocol === 'grpc') {
    if (asked)
      problem(
        'Metrics are sent over HTTP only. Set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, such as "http://localhost:4318/v1/metrics".',
      )
    return undefined
  }
  const url = own === undefined ? besides(options, env) : addressOf(own, 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT').href
  if (url === undefined) return undefined
  const read = (name: string) => numberFrom(name, variable(env, name), problem)
  const timeout = read('OTEL_EXPORTER_OTLP_METRICS_TIMEOUT') ?? read('OTEL_EXPORTER_OTLP_TIMEOUT') ?? 10_000
  return {
    url,
    headers: headersOf(options, env, problem),
    timeout,
    interval: read('OTEL_METRIC_EXPORT_INTERVAL') ?? 60_000,
    asked,
  }
}

/** Beside where the spans go. `undefined` when all that is known is a path that is theirs alone. */
function besides({ endpoint }: OpenTelemetryTracerOptions, env: Env): string | undefined {
  const [given, name] =
    endpoint === undefined
      ? [variable(env, 'OTEL_EXPORTER_OTLP_ENDPOINT'), 'OTEL_EXPORTER_OTLP_ENDPOINT']
      : [endpoint, 'endpoint']
  if (given === undefined) return undefined
  const url = addressOf(given, name)
  url.pathname = `${url.pathname.replace(/\/v1\/traces\/?$/, '').replace(/\/$/, '')}/v1/metrics`
  return url.href
}

function headersOf({ headers }: OpenTelemetryTracerOptions, env: Env, problem: Problem): Record<string, string> {
  const read = (name: string) => pairsFrom(name, variable(env, name), problem)
  return { ...read('OTEL_EXPORTER_OTLP_HEADERS'), ...read('OTEL_EXPORTER_OTLP_METRICS_HEADERS'), ...headers }
}
