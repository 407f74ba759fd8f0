import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from './exchange.js'

/**
 * Middleware of the host, such as its session: `(request, response, next) => …`.
 *
 * The parameters are `never` so that the middleware of every framework fits, whatever it calls a request.
 */
export type HostMiddleware = (request: never, response: never, next: (error?: unknown) => void) => unknown

/** The exchange of a host whose middleware takes request, response and next. */
export function connectExchange(
  use: readonly HostMiddleware[],
  request: IncomingMessage,
  response: ServerResponse,
): Exchange {
  return {
    request,
    response,
    raw: request,
    body: () => (request as { body?: unknown }).body,
    front: (work) => runStack(use, { request, response }, work),
  }
}

/** Settles as `work` does, or rejects when a middleware calls `next(error)`, throws or rejects. */
function runStack<T>(
  stack: readonly HostMiddleware[],
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  work: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    async function step(index: number): Promise<void> {
      const middleware = stack[index]
      if (middleware === undefined) return resolve(await work())
      let called = false
      const next = (error?: unknown): void => {
        if (called) return
        called = true
        // From within next(), so that a store that the middleware opened around it is open for what follows.
        if (error === undefined || error === null) step(index + 1).catch(reject)
        else reject(error)
      }
      await middleware(request as never, response as never, next)
    }
    step(0).catch(reject)
  })
}
