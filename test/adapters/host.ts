import type { RequestListener, Server } from 'node:http'
import type { HostedRuntime } from '../../adapters/node/host.js'
import type { HostMiddleware } from '../../adapters/node/middleware.js'
import type { HttpConfig } from '../../core/http-config.js'

/**
 * A web server with an app of its own, in which a runtime is embedded, for the suite that all adapters pass.
 *
 * The app answers `GET /hello/:name` with `hello <name>`, `GET /trace` with the traceparent that a call from there would
 * carry, `GET /broken` with 500 because its code throws, and everything else with 404.
 */
export interface TestHost {
  readonly name: string
  build(runtime: HostedRuntime, options: HostOptions): Server
}

export interface HostOptions {
  readonly http?: HttpConfig
  readonly use?: readonly HostMiddleware[]
}

/** The app for hosts that have no framework. */
export function plainApp(runtime: HostedRuntime): RequestListener {
  return (request, response) => {
    const [, first, second] = (request.url ?? '/').split(/[/?]/)
    if (first === 'hello') response.end(`hello ${second}`)
    else if (first === 'trace') response.end(runtime.tracer.inject({}).traceparent ?? 'none')
    else if (first === 'broken') response.writeHead(500).end('broken')
    else response.writeHead(404).end('nothing here')
  }
}
