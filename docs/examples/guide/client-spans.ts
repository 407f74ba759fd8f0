import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRuntime, tracePool } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'

const server = createServer((request, response) => response.end(String(request.headers.traceparent !== undefined)))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const address = `http://127.0.0.1:${port}/orders?secret=1`

const tracer = memoryTracer()
// #region propagate
await using runtime = createRuntime({ tracer, clientSpans: { propagateTo: ['*.internal', '127.0.0.1'] } })
// #endregion
await runtime.start()

const pool = { query: async (text: string) => [text], connect: async () => pool }
// #region pool
const db = tracePool(pool) // new pg.Pool()
// #endregion

await runtime.tracer.span('work', async () => {
  const response = await fetch(address)
  console.log(await response.text())
  await db.query('SELECT * FROM orders')
})
console.log(tracer.finished.map(({ name, kind }) => `${name} ${kind}`))
server.close()
// prints: true
// prints: [ 'GET client', 'SELECT orders client', 'work internal' ]
