import { TriportError } from '../../core/errors.js'

export function packagesMissing(what: string): TriportError {
  return new TriportError(
    'ERR_PEER_MISSING',
    `Tracing is off: ${what} of OpenTelemetry is not installed. Run: npm install @opentelemetry/api @opentelemetry/sdk-trace ` +
      '@opentelemetry/resources @opentelemetry/exporter-trace-otlp-proto',
  )
}

export function metricsMissing(): TriportError {
  return new TriportError(
    'ERR_PEER_MISSING',
    'Metrics are not exported, as OTEL_METRICS_EXPORTER asks for: packages are missing. Run: npm install @opentelemetry/sdk-metrics ' +
      '@opentelemetry/exporter-metrics-otlp-proto',
  )
}

export function versionsApart(other: string, own: string): TriportError {
  return new TriportError(
    'ERR_PEER_VERSION',
    `A provider is registered with @opentelemetry/api ${other}, but triport and all that loads the same copy as it find ${own}, which does not ` +
      'see it. The spans of triport go to that provider all the same; those of such libraries are lost. Install one version for all: ' +
      'npm ls @opentelemetry/api',
  )
}

export function nothingRegistered(): TriportError {
  return new TriportError(
    'ERR_TRACER_UNUSED',
    'No OpenTelemetry provider is registered, and neither endpoint nor OTEL_EXPORTER_OTLP_ENDPOINT says where spans go. Tracing is off until ' +
      'a provider is registered.',
  )
}

export function noTail(): TriportError {
  return new TriportError(
    'ERR_UNSUPPORTED',
    'keepErrors of sampling needs the SDK that triport starts: give an endpoint and register no provider. It is left out.',
  )
}
