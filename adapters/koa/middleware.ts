import type { HttpConfig } from '../../core/http-config.js'
import { checkArguments } from '../node/arguments.js'
import type { HostedRuntime } from '../node/host.js'
import { createReception } from '../node/reception.js'
import type { KoaContext, KoaHandler, KoaMiddleware } from './app.js'
import { requestExchange } from './exchange.js'
import { type RoutedContext, routeOf } from './route.js'

/** Options of `triport` from `triport/koa`. */
export interface KoaOptions {
  /** Replaces options of `runtime.config.http`, one by one. */
  readonly http?: HttpConfig
  /**
   * Names the route of a request of yours with placeholders, `/users/:id`, for the name of its span. Asked when the response ends.
   *
   * @default the route of `@koa/router`
   */
  route?(context: KoaContext): string | undefined
  /** Middleware to run before `authenticate`, such as your session. Needed where it has not run on the request already. */
  readonly use?: readonly KoaMiddleware[]
}

/**
 * Makes Koa middleware that gives every request a server span, named after its route, and serves the endpoints under
 * `{base}`. `authenticate` gets Koa's `ctx` as `raw`.
 *
 * ```ts
 * app.use(triport(runtime))
 * ```
 *
 * Put it in front of your routes: what comes before it has no span. The endpoints work wherever a request reaches it.
 *
 * @throws `ERR_CONFIG_INVALID` for an `http` that does not fit, `ERR_OPTION_INVALID` for other arguments that do not.
 */
export function triport(runtime: HostedRuntime, options: KoaOptions = {}): KoaHandler {
  checkArguments(runtime, options)
  const { http, route, use = [] } = options
  const receive = createReception(runtime, http)
  async function handle(context: KoaContext, next: () => Promise<unknown>): Promise<void> {
    const exchange = requestExchange(use, context)
    const named = { ...exchange, route: () => (route ? route(context) : routeOf(context as RoutedContext)) }
    await receive(named, next)
  }

  return (context, next) => (receive.passes(context.req) ? next() : handle(context, next))
}
