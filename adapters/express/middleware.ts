import { createHandler, type HandlerOptions } from '../node/handler.js'
import type { HostedRuntime } from '../node/host.js'
import type { Middleware } from './app.js'
import { routeOf } from './route.js'

/**
 * Makes Express middleware that gives every request a server span, named after its route, and serves the endpoints under
 * `{base}`. For Express 4 and 5.
 *
 * ```ts
 * app.use(triport(runtime))
 * ```
 *
 * Put it in front of your routes: what comes before it has no span. The endpoints work wherever a request reaches it.
 *
 * @throws `ERR_CONFIG_INVALID` for an `http` that does not fit, `ERR_OPTION_INVALID` for other arguments that do not.
 */
export function triport(runtime: HostedRuntime, options: HandlerOptions = {}): Middleware {
  const handle = createHandler(runtime, { route: routeOf, ...options })
  // Without arguments: an argument of next() is an error to Express.
  return (request, response, next) => void handle(request, response, () => next())
}
