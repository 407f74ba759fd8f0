import { createServer } from 'node:http'
import { attach } from '../../adapters/node/attach.js'
import { createHandler } from '../../adapters/node/handler.js'
import { plainApp, type TestHost } from './host.js'
import { httpSuite } from './http-suite.js'

const node: TestHost = {
  name: 'node',
  build(runtime, { use = [] }) {
    const handle = createHandler(runtime)
    const app = plainApp(runtime)
    const server = createServer((request, response) => handle(request, response, () => app(request, response)))
    attach(runtime, { server, use })
    return server
  },
}

httpSuite(node)
