import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime } from 'triport'
import { openTelemetryTracer } from 'triport/drivers/opentelemetry'

// A collector stands here otherwise.
const collector = createServer((request, response) => {
  request.resume().on('end', () => response.end())
  console.log(request.method, request.url, request.headers['content-type'])
})
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`

// #region start
const tracer = openTelemetryTracer({ endpoint, sampling: { ratio: 1, routes: { '/health': 0 } } })
const runtime = createRuntime({ service: { name: 'orders', version: '1.2.0' }, tracer })
await runtime.start()
await runtime.tracer.span('work', async () => {})
await runtime.stop()
console.log(tracer.status.exported, tracer.status.failed)
// #endregion
// prints: POST /v1/traces application/x-protobuf
// prints: 1 0
collector.close()
