// Of the optional package that exports metrics what is used here, so that types do not need it either.

declare module '@opentelemetry/exporter-metrics-otlp-proto' {
  import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'

  export const OTLPMetricExporter: new (options: {
    readonly url: string
    readonly headers: Record<string, string>
    readonly timeoutMillis: number
  }) => PushMetricExporter
}
