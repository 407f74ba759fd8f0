import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Middleware of the host, such as its session: `(request, response, next) => …`.
 *
 * The parameters are `never` so that the middleware of every framework fits, whatever it calls a request.
 */
export type UpgradeMiddleware = (request: never, response: never, next: (error?: unknown) => void) => unknown

/**
 * Runs middleware on an upgrade request, so that `authenticate` finds what it leaves there.
 *
 * @returns False when the middleware answered the request itself: the link then ends with its answer.
 */
export async function runMiddleware(
  stack: readonly UpgradeMiddleware[],
  request: IncomingMessage,
  socket: Socket,
): Promise<boolean> {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  try {
    const answered = new Promise<'answered'>((resolve) => response.once('finish', () => resolve('answered')))
    for (const middleware of stack) {
      if ((await Promise.race([answered, passed(middleware, request, response)])) === 'answered') {
        socket.end(() => socket.destroy())
        return false
      }
    }
    return true
  } finally {
    response.detachSocket(socket)
  }
}

/** Resolves when the middleware calls `next()`; rejects when it calls `next(error)`, throws or rejects. */
function passed(middleware: UpgradeMiddleware, request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (error?: unknown): void => (error === undefined || error === null ? resolve() : reject(error))
    // Inside a promise chain, so that a throw and a rejection are the same.
    Promise.resolve()
      .then(() => middleware(request as never, response as never, next))
      .catch(reject)
  })
}
