import { createRuntime, getTracer } from 'triport'

await using runtime = createRuntime({ tracer: { driver: 'memory', limit: 1 } })
await runtime.start()

// #region log
function log(message: string) {
  const { traceId } = getTracer().activeSpan()?.context() ?? {}
  console.log(JSON.stringify({ message, trace: traceId }))
}
// #endregion

runtime.tracer.span('work', () => log('working'))
// prints: {"message":"working","trace":"…"}
log('idle')
// prints: {"message":"idle"}
