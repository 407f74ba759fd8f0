// Of the optional packages for gRPC what is used here, so that types do not need them either.

declare module '@opentelemetry/exporter-trace-otlp-grpc' {
  import type { SpanExporter } from '@opentelemetry/sdk-trace'

  export const OTLPTraceExporter: new (options: {
    readonly url: string
    readonly timeoutMillis: number
    readonly metadata?: object
  }) => SpanExporter
}

declare module '@grpc/grpc-js' {
  export class Metadata {
    set(name: string, value: string): void
  }
}
