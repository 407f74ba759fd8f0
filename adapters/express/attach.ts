import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkArguments, missing } from '../node/arguments.js'
import { type AttachOptions, attachUpgrades, type Detach } from '../node/attach.js'
import type { HostedRuntime } from '../node/host.js'
import { connectExchange } from '../node/middleware.js'
import { type ExpressApp, isExpressApp } from './app.js'
import { triport } from './middleware.js'

/** Options of `attach` from `triport/express`. */
export interface ExpressAttachOptions extends Omit<AttachOptions, 'server'> {
  readonly app: ExpressApp
  /** The server that the app listens on. Without one there are no WebSockets: attach it later with `attach` from `triport/node`. */
  readonly server?: AttachOptions['server']
}

/**
 * Embeds a runtime in an Express app: spans and endpoints by `app.use`, rooms as WebSockets of the server. For Express 4 and 5.
 *
 * ```ts
 * const app = express()
 * const server = createServer(app)
 * attach(runtime, { app, server, use: [session] })
 * ```
 *
 * Call it before you add routes, so that they have spans. Called after them, endpoints and rooms work all the same.
 * `use` is the middleware that `authenticate` relies on. It runs on our endpoints and, with Express's own request and response,
 * on upgrades.
 *
 * @returns Takes the WebSockets off the server again. Express cannot give middleware back.
 * @throws `ERR_CONFIG_INVALID` for an `http` that does not fit, `ERR_OPTION_INVALID` for other arguments that do not, and when the server
 *   serves this path already.
 */
export function attach(runtime: HostedRuntime, options: ExpressAttachOptions): Detach {
  checkArguments(runtime, options, ['app', 'server'])
  const { app, server, ...rest } = options
  if (!isExpressApp(app)) throw missing('express', 'app', 'express()')
  const { use = [] } = rest
  const middleware = triport(runtime, rest)
  const detach =
    server === undefined
      ? () => {}
      : attachUpgrades(runtime, { ...rest, server }, (request, response) => {
          dress(app, request, response)
          return connectExchange(use, request, response)
        })
  app.use(middleware)
  return detach
}

/** Gives an upgrade the request and response of the app, as `app(request, response)` would: `req.get`, `res.status`. */
function dress(app: ExpressApp, req: IncomingMessage & { originalUrl?: string }, res: ServerResponse): void {
  const { request, response } = app as { readonly request?: object; readonly response?: object }
  if (request && response) {
    Object.setPrototypeOf(req, request)
    Object.setPrototypeOf(res, response)
    Object.assign(req, { res })
    Object.assign(res, { req, locals: {} })
  }
  req.originalUrl ??= req.url ?? '/'
}
