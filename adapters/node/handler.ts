import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpConfig } from '../../core/http-config.js'
import { checkArguments } from './arguments.js'
import type { HostedRuntime } from './host.js'
import { connectExchange, type HostMiddleware } from './middleware.js'
import { createReception } from './reception.js'

/** Options of `createHandler`. */
export interface HandlerOptions {
  /** Replaces options of `runtime.config.http`, one by one. */
  readonly http?: HttpConfig
  /**
   * Names the route of a request of yours with placeholders, `/users/:id`, for the name of its span. Asked when the response ends.
   *
   * @default none: the span is named after the method alone
   */
  readonly route?: (request: IncomingMessage) => string | undefined
  /** Middleware to run before `authenticate`, such as your session. Needed where it has not run on the request already. */
  readonly use?: readonly HostMiddleware[]
}

/**
 * Handles a request.
 *
 * @param next Called for requests that are not ours, with the request's span as the current one.
 * @returns Whether the request was ours.
 */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, next?: () => unknown) => boolean

/**
 * Makes the handler that serves the endpoints under `{base}` and gives every request a server span.
 *
 * ```ts
 * const handle = createHandler(runtime)
 * createServer((req, res) => handle(req, res, () => res.end('hello')))
 * ```
 *
 * It works before `start()`: our own endpoints answer 503 until the runtime runs, everything else is not held up.
 *
 * @throws `ERR_CONFIG_INVALID` for an `http` that does not fit, `ERR_OPTION_INVALID` for other arguments that do not.
 */
export function createHandler(runtime: HostedRuntime, options: HandlerOptions = {}): RequestHandler {
  checkArguments(runtime, options)
  const { http, route, use = [] } = options
  const receive = createReception(runtime, http)
  return (request, response, next) => {
    if (receive.passes(request)) {
      void next?.()
      return false
    }
    let ours = true
    const exchange = connectExchange(use, request, response)
    void receive(route ? { ...exchange, route: () => route(request) } : exchange, () => {
      ours = false
      return next?.()
    })
    return ours
  }
}
