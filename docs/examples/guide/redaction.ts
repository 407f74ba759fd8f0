import { createRedact, createRuntime, defaultRedact } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'

// #region redact
const hideMail = createRedact({ keys: /mail|password|token/i, maxLength: 200 })
const tracer = memoryTracer({
  redact: (key, value, part) => (key === 'patient.name' ? undefined : hideMail(key, value, part)),
})
// #endregion
await using runtime = createRuntime({ tracer })
await runtime.start()

runtime.tracer.span('sign up', (span) => {
  span.setAll({ 'user.mail': 'ada@example.com', 'patient.name': 'Ada', url: 'https://u:pw@host/?token=abc' })
})
console.log({ ...tracer.finished[0]?.attributes })
// prints: {
// prints:   'user.mail': '[REDACTED]',
// prints:   url: 'https://[REDACTED]@host/?token=[REDACTED]'
// prints: }
console.log(defaultRedact('http.request.header.authorization', 'Bearer abc', 'attribute'))
// prints: [REDACTED]
