import { createRuntime } from 'triport'
import { openTelemetryMeter } from 'triport/drivers/opentelemetry'

// #region meter
const runtime = createRuntime({ metrics: openTelemetryMeter() }) // To the MeterProvider that is registered.
// #endregion
console.log(runtime.metrics.meter.enabled)
// prints: false
