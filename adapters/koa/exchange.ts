import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Exchange } from '../node/exchange.js'
import type { KoaContext, KoaMiddleware } from './app.js'

/** A context that its middleware has done something with. */
interface AnsweredContext extends KoaContext {
  readonly body: unknown
  readonly message: string
  readonly respond?: boolean
  onerror(error: unknown): void
}

/** The exchange of a request that Koa handles: it also answers where the middleware does not let the request through. */
export function requestExchange(use: readonly KoaMiddleware[], context: KoaContext): Exchange {
  const { req: request, res: response } = context
  keepUrl(request, context.originalUrl)
  return {
    request,
    response,
    raw: context,
    body: () => (context as { request?: { body?: unknown } }).request?.body,
    front: (work) => through(use, context, work),
  }
}

/** The exchange of an upgrade, which no Koa handles. */
export function upgradeExchange(use: readonly KoaMiddleware[], context: KoaContext): Exchange {
  context.res.statusCode = 404 // As Koa begins.
  return {
    ...requestExchange(use, context),
    async front(work) {
      const outcome = await through(use, context, work)
      if (outcome === 'answered') await answer(context as AnsweredContext)
      return outcome
    },
  }
}

/** Mounts shorten `req.url`, and Koa keeps the whole on `ctx` only. */
function keepUrl(request: IncomingMessage & { originalUrl?: string }, originalUrl: string): void {
  request.originalUrl ??= originalUrl
}

/** Runs the middleware around `work`. An error that is meant for the client, such as `ctx.throw(401)`, is Koa's to answer. */
async function through<T>(
  use: readonly KoaMiddleware[],
  context: KoaContext,
  work: () => Promise<T>,
): Promise<T | 'answered'> {
  let outcome: { readonly value: T } | undefined
  async function step(index: number): Promise<void> {
    const middleware = use[index]
    if (middleware) await middleware(context as never, once(() => step(index + 1)) as () => Promise<never>)
    else outcome = { value: await work() }
  }
  try {
    await step(0)
  } catch (error) {
    if (!isForClient(error)) throw error
    ;(context as AnsweredContext).onerror(error)
  }
  return outcome === undefined ? 'answered' : outcome.value
}

function once(step: () => Promise<void>): () => Promise<void> {
  let called = false
  return async () => {
    if (called) throw new Error('next() called multiple times')
    called = true
    await step()
  }
}

/** Answers with what the middleware set, as Koa would. */
async function answer({ res, body, message, respond }: AnsweredContext): Promise<void> {
  if (respond === false || res.writableEnded) return
  if (isStream(body)) await pipeline(body, res)
  else if (body === undefined || body === null) res.end(message)
  else res.end(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body))
}

function isStream(body: unknown): body is NodeJS.ReadableStream {
  return typeof body === 'object' && body !== null && 'pipe' in body
}

function isForClient(error: unknown): boolean {
  const { status } = (error ?? {}) as { readonly status?: unknown }
  return typeof status === 'number' && status >= 400 && status < 500
}
