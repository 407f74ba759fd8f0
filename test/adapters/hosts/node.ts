import { createServer, type RequestListener } from 'node:http'
import { attach } from '../../../adapters/node/attach.js'
import { createHandler } from '../../../adapters/node/handler.js'
import type { HostedRuntime } from '../../../adapters/node/host.js'
import { connectFront } from './connect.js'
import type { TestHost } from './host.js'

export const nodeHost: TestHost = {
  name: 'node',
  front: connectFront,
  build(runtime, { use = [] }) {
    const handle = createHandler(runtime, { use })
    const app = plainApp(runtime)
    const server = createServer((request, response) => handle(request, response, () => app(request, response)))
    attach(runtime, { server, use })
    return server
  },
}

/** An app without a framework. */
export function plainApp(runtime: HostedRuntime): RequestListener {
  return (request, response) => {
    const [, first, second] = (request.url ?? '/').split(/[/?]/)
    if (first === 'hello') response.end(`hello ${second}`)
    else if (first === 'trace') response.end(runtime.tracer.inject({}).traceparent ?? 'none')
    else if (first === 'broken') response.writeHead(500).end('broken')
    else if (first === 'broken-later') setImmediate(() => response.writeHead(500).end('broken'))
    else if (first !== 'silent') response.writeHead(404).end('nothing here')
  }
}
