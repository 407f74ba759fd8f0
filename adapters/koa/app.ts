import type { IncomingMessage, ServerResponse } from 'node:http'

/** Koa's `ctx`, as far as it is used here. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
}

/** Middleware as Koa takes it. */
export type KoaHandler = (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>

/**
 * Middleware of the host, such as its session: `async (ctx, next) => …`.
 *
 * The parameter is `never` so that middleware fits whatever it expects to find on `ctx`.
 */
export type KoaMiddleware = (context: never, next: () => Promise<never>) => unknown

/** A Koa app, as far as it is used here. */
export interface KoaApp {
  use(middleware: KoaHandler): unknown
  callback(): unknown
  createContext(request: IncomingMessage, response: ServerResponse): KoaContext
}

/** Whether an app is one of Koa. */
export function isKoaApp(app: unknown): app is KoaApp {
  const { callback, createContext } = (app ?? {}) as Partial<Record<keyof KoaApp, unknown>>
  return typeof callback === 'function' && typeof createContext === 'function'
}
