// Two processes and a database, one trace: `main.ts web`, and `main.ts worker` with WEB_URL. DATABASE_URL, TRIPORT_QUEUE, TRIPORT_ROOMS,
// TRIPORT_TRACER=opentelemetry and OTEL_EXPORTER_OTLP_ENDPOINT say where everything is.
import { once } from 'node:events'
import { startWeb } from './web.js'
import { startWorker } from './worker.js'

const start = { web: startWeb, worker: startWorker }[process.argv[2] as 'web' | 'worker']
const { says, stop } = await start()
console.log(says)
await once(process, 'SIGTERM')
await stop()
