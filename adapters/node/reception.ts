import type { IncomingMessage } from 'node:http'
import type { HttpConfig } from '../../core/http-config.js'
import type { Endpoint } from './endpoint.js'
import { createEndpoints, serve } from './endpoints.js'
import type { Exchange } from './exchange.js'
import { type HostedRuntime, hostOf } from './host.js'
import { originalUrl, pathOf } from './request.js'
import { createMeasureRequest } from './request-measures.js'
import { enrichForeign, type RequestSpan, spanOfResponse, startRequestSpan } from './request-span.js'

/** Answers a request that is ours, and calls `next` for any other; both with the request's span as the current one. */
export interface Reception {
  <T>(exchange: Exchange, next: () => T): T | Promise<void>
  /** Whether nothing is to be done about a request: it gets no span, and it is not ours. Asked before anything is made for it. */
  passes(request: IncomingMessage): boolean
}

/** What the adapters of all hosts do with a request. */
export function createReception(runtime: HostedRuntime, http?: HttpConfig): Reception {
  const host = hostOf(runtime, http)
  const { tracer, metrics, config } = runtime
  const { trustProxy } = host.settings
  const measure = createMeasureRequest(metrics.meter, config.clock, { trustProxy })
  const find = createEndpoints(host)

  function open({ request, response, route }: Exchange, endpoint: Endpoint | undefined): RequestSpan | undefined {
    if (!(tracer.enabled || metrics.meter.enabled) || traced in response) return undefined
    ;(response as { [traced]?: true })[traced] = true
    const ours = endpoint && mountOf(originalUrl(request), request.url ?? '/') + endpoint.route
    const routeNow = () => ours ?? route?.()
    const foreign = tracer.foreignRequest?.()
    if (foreign) return enrichForeign(foreign, response, routeNow)
    measure(response, routeNow)
    if (!tracer.enabled) return undefined
    const span = startRequestSpan(tracer, request, { trustProxy })
    return spanOfResponse(span, response, routeNow)
  }

  function receive<T>(exchange: Exchange, next: () => T): T | Promise<void> {
    const endpoint = find(pathOf(exchange.request.url ?? '/'))
    const opened = open(exchange, endpoint)
    const work = (): T | Promise<void> => (endpoint ? serve(host, endpoint, exchange) : next())
    return opened ? tracer.withSpan(opened.span, () => noting(opened, work)) : work()
  }

  const ours = `${host.settings.base}/`
  return Object.assign(receive, {
    passes({ url = '/' }: IncomingMessage) {
      return !tracer.enabled && !metrics.meter.enabled && url.startsWith('/') && !url.startsWith(ours)
    },
  })
}

/** Tells the span of a failure of `work`, and leaves it to whoever would have met it without us. */
function noting<T>({ failed }: RequestSpan, work: () => T): T {
  const note = (error: unknown): never => {
    failed(error)
    throw error
  }
  try {
    const result = work()
    return result instanceof Promise ? (result.catch(note) as T) : result
  } catch (error) {
    return note(error)
  }
}

/** Where the app is mounted in another, for the routes of our own endpoints. */
function mountOf(original: string, seen: string): string {
  const [whole, rest] = [pathOf(original), pathOf(seen)]
  return whole.endsWith(rest) ? whole.slice(0, whole.length - rest.length) : ''
}

/** Marks a response that has its span: the handler may be mounted twice, on the app and on a router. */
const traced: unique symbol = Symbol.for('triport.http.traced')
