import { createRuntime } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'

// #region rules
const tracer = memoryTracer({
  sampling: {
    ratio: 0.1,
    routes: { 'GET /health': 0, '/admin/*': 1 },
    tasks: { send_mail: 0.01 },
    keepErrors: true,
  },
})
// #endregion
await using runtime = createRuntime({ tracer })
await runtime.start()

const request = (path: string) => ({ attributes: { 'http.request.method': 'GET', 'url.path': path } })
runtime.tracer.span('health', request('/health'), () => {})
runtime.tracer.span('admin', request('/admin/users'), () => {})
console.log(tracer.finished.map(({ name }) => name))
// prints: [ 'admin' ]
