import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpConfig } from '../../core/http-config.js'
import type { Span } from '../../core/ports/tracer.js'
import type { Endpoint } from './endpoint.js'
import { createEndpoints, serve } from './endpoints.js'
import { type HostedRuntime, hostOf } from './host.js'
import type { HostMiddleware } from './middleware.js'
import { pathOf } from './request.js'
import { endWithResponse, startRequestSpan } from './request-span.js'

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
 * @throws `ERR_CONFIG_INVALID` for options that do not fit.
 */
export function createHandler(runtime: HostedRuntime, { http, route, use = [] }: HandlerOptions = {}): RequestHandler {
  const host = hostOf(runtime, http)
  const { tracer } = runtime
  const find = createEndpoints(host, use)

  function open(request: IncomingMessage, response: ServerResponse, endpoint: Endpoint | undefined): Span | undefined {
    if (!tracer.enabled || traced in response) return undefined
    Object.defineProperty(response, traced, { value: true })
    const span = startRequestSpan(tracer, request, { trustProxy: host.settings.trustProxy })
    const ours = endpoint && mountOf(request) + endpoint.route
    endWithResponse(span, response, () => ours ?? route?.(request))
    return span
  }

  return (request, response, next) => {
    const endpoint = find(pathOf(request.url ?? '/'))
    const span = open(request, response, endpoint)
    const work = endpoint ? () => serve(host, endpoint, request, response) : next
    if (span && work) tracer.withSpan(span, () => failing(span, work))
    else work?.()
    return endpoint !== undefined
  }
}

/** Notes a failure of `work` on the span, and leaves it to whoever would have met it without us. */
function failing(span: Span, work: () => unknown): void {
  const note = (error: unknown): never => {
    span.fail(error)
    throw error
  }
  try {
    const result = work()
    if (result instanceof Promise) result.then(undefined, note)
  } catch (error) {
    note(error)
  }
}

/** Where the app is mounted in another, for the routes of our own endpoints. */
function mountOf(request: IncomingMessage): string {
  const { baseUrl } = request as { baseUrl?: unknown }
  return typeof baseUrl === 'string' ? baseUrl : ''
}

/** Marks a response that has its span: the handler may be mounted twice, on the app and on a router. */
const traced = Symbol.for('triport.http.traced')
