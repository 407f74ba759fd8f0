import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request and its response, as the host of both sees them. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What `authenticate` gets as `raw`. */
  readonly raw: unknown
  /** What a body parser of the host made of the body; `undefined` when none has. */
  body(): unknown
  /** The route that the host matched. Asked when the response ends. */
  route?(): string | undefined
  /**
   * Runs the middleware that the host wants in front of `authenticate`, and `work` inside of it, so that what the middleware
   * keeps for the time of a request is there.
   *
   * @returns `'answered'` when the middleware answers the request itself. It may as well never settle then.
   * @throws What the middleware throws.
   */
  front<T>(work: () => Promise<T>): Promise<T | 'answered'>
}

/** Makes the exchange of a request. */
export type ExchangeMaker = (request: IncomingMessage, response: ServerResponse) => Exchange

/** Runs `work` behind the host's middleware. `'answered'` when that has answered, or the client is gone. */
export async function behindFront<T>({ response, front }: Exchange, work: () => Promise<T>): Promise<T | 'answered'> {
  const ended = Promise.withResolvers<'answered'>()
  const onEnd = () => ended.resolve('answered')
  response.on('finish', onEnd).on('close', onEnd)
  try {
    return await Promise.race([
      ended.promise,
      front<T | 'answered'>(async () => (response.writableEnded ? 'answered' : await work())),
    ])
  } finally {
    response.off('finish', onEnd).off('close', onEnd)
  }
}
