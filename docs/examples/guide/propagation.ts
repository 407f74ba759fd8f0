import { createRuntime, parseTraceparent } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'

await using runtime = createRuntime({ tracer: memoryTracer() })
await runtime.start()
const { tracer } = runtime
const send = (headers: Record<string, string>) => headers

// #region out
const headers = tracer.span('call billing', { kind: 'client' }, () => send(tracer.inject({})))
// #endregion

// #region in
const parent = tracer.extract(headers)
tracer.span('handle call', { kind: 'server', parent }, (span) => {
  const { traceId } = span.context() ?? {}
  console.log(traceId === parseTraceparent(headers.traceparent)?.traceId)
})
// #endregion
// prints: true
