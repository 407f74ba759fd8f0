export type { Meter } from '../../core/ports/meter.js'
export type { TracerDriver } from '../../core/ports/tracer.js'
export type { BaggageKeys } from '../../core/tracer/baggage.js'
export type { Redact, RedactedPart } from '../../core/tracer/redact.js'
export type { Sampling, SamplingOptions } from '../../core/tracer/sampler.js'
export { type OpenTelemetryMeterOptions, openTelemetryMeter } from './meter.js'
export type {
  OpenTelemetryMeterProvider,
  OpenTelemetryProvider,
  OpenTelemetryStatus,
  OpenTelemetryTracer,
  OpenTelemetryTracerOptions,
  OtlpProtocol,
} from './options.js'
export { openTelemetryTracer } from './tracer.js'
