import { createRuntime, getTracer } from 'triport'

await using runtime = createRuntime({ tracer: { driver: 'memory', limit: 1 } })
await runtime.start()

// #region log
function log(message: string) {
  console.log(JSON.stringify({ message, ...getTracer().logFields() }))
}
// #endregion

runtime.tracer.span('work', () => log('working'))
// prints: {"message":"working","trace_id":"…","span_id":"…","trace_flags":"03"}
log('idle')
// prints: {"message":"idle"}
