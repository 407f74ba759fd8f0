import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Middleware of the host, such as its session: `(request, response, next) => …`.
 *
 * The parameters are `never` so that the middleware of every framework fits, whatever it calls a request.
 */
export type HostMiddleware = (request: never, response: never, next: (error?: unknown) => void) => unknown

/**
 * Runs middleware in front of our own work, so that `authenticate` finds what it leaves on the request.
 *
 * @returns False when the middleware answered the request itself, or the client is gone.
 */
export async function runMiddleware(
  stack: readonly HostMiddleware[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (stack.length === 0) return true
  const ended = Promise.withResolvers<'ended'>()
  const onEnd = () => ended.resolve('ended')
  response.on('finish', onEnd).on('close', onEnd)
  try {
    for (const middleware of stack) {
      if ((await Promise.race([ended.promise, passed(middleware, request, response)])) === 'ended') return false
    }
    return !response.writableEnded
  } finally {
    response.off('finish', onEnd).off('close', onEnd)
  }
}

/** The same for an upgrade, which has no response: middleware gets one that writes to the socket. */
export async function runOnUpgrade(
  stack: readonly HostMiddleware[],
  request: IncomingMessage,
  socket: Socket,
): Promise<boolean> {
  if (stack.length === 0) return true
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  try {
    const goOn = await runMiddleware(stack, request, response)
    if (!goOn) socket.end(() => socket.destroy())
    return goOn
  } finally {
    response.detachSocket(socket)
  }
}

/** Resolves when the middleware calls `next()`; rejects when it calls `next(error)`, throws or rejects. */
function passed(middleware: HostMiddleware, request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (error?: unknown): void => (error === undefined || error === null ? resolve() : reject(error))
    // Inside a promise chain, so that a throw and a rejection are the same.
    Promise.resolve()
      .then(() => middleware(request as never, response as never, next))
      .catch(reject)
  })
}
