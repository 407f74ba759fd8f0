import type { Meter } from '../../core/ports/meter.js'
import type { TracerDriver, TracerStatus } from '../../core/ports/tracer.js'
import type { BaggageKeys } from '../../core/tracer/baggage.js'
import type { Redact } from '../../core/tracer/redact.js'
import type { Sampling } from '../../core/tracer/sampler.js'

/** How spans travel: OTLP over HTTP in protobuf (port 4318), or over gRPC (port 4317). */
export type OtlpProtocol = 'http/protobuf' | 'grpc'

/** Something that makes OpenTelemetry tracers, such as the `TracerProvider` of its SDK. */
export interface OpenTelemetryProvider {
  getTracer(name: string, version?: string): unknown
}

/** Something that makes OpenTelemetry meters, such as the `MeterProvider` of its SDK. */
export interface OpenTelemetryMeterProvider {
  getMeter(name: string, version?: string): unknown
}

/** Options of the tracer driver `opentelemetry`. All that is left out comes from the standard variables `OTEL_*`. */
export interface OpenTelemetryTracerOptions {
  /**
   * Where to send spans when the application has registered no provider: the address of a collector or a backend, `http://localhost:4318`.
   * The official SDK is started for it. @default `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT`
   */
  readonly endpoint?: string
  /** @default `OTEL_EXPORTER_OTLP_PROTOCOL`, else `grpc` for port 4317 and `http/protobuf` for any other */
  readonly protocol?: OtlpProtocol
  /** Sent with every export, such as the key of a backend. @default `OTEL_EXPORTER_OTLP_HEADERS` */
  readonly headers?: Readonly<Record<string, string>>
  /** What every span says about the service, besides its name and version. @default `OTEL_RESOURCE_ATTRIBUTES` */
  readonly resource?: Readonly<Record<string, string | number | boolean>>
  /** Makes the SDK that is started here the one of the process, so that instrumented libraries use it too. @default false */
  readonly register?: boolean
  /** A provider of your own, which is never shut down here. @default the one that is registered */
  readonly provider?: OpenTelemetryProvider
  /**
   * The share of traces that is kept, from 0 to 1, or that and rules. @default `OTEL_TRACES_SAMPLER`, else all; with a provider of the
   * application, what that decides
   */
  readonly sampling?: Sampling
  /** What may be kept of a value. @default `defaultRedact` */
  readonly redact?: Redact
  /** Which entries of the baggage go to other processes and come from them: all, none, or those of these names. @default true */
  readonly baggage?: BaggageKeys
}

/** A tracer on OpenTelemetry. */
export interface OpenTelemetryTracer extends TracerDriver {
  /**
   * To the meter provider that is registered, else to that of the SDK that is started here: it exports to the same endpoint where the packages
   * for that are installed and `OTEL_METRICS_EXPORTER` does not say `none`.
   */
  readonly meter: Meter
  /** Where spans go, and how that goes. It stays after `stop`. */
  readonly status: OpenTelemetryStatus
}

/** Where spans go, and how that goes. */
export type OpenTelemetryStatus = TracerStatus
