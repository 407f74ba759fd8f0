import type { IncomingMessage, ServerResponse } from 'node:http'

/** `next` of Express. */
export type Next = (error?: unknown) => void

/** Middleware as Express 4 and 5 take it. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void

/** An Express app of version 4 or 5, as far as it is used here. */
export interface ExpressApp {
  use(middleware: Middleware): unknown
}

/** Whether an app takes middleware of Express. Koa's `use` takes another kind; its apps have a `callback`. */
export function isExpressApp(app: unknown): app is ExpressApp {
  const { use, callback } = (app ?? {}) as Readonly<Record<string, unknown>>
  return typeof use === 'function' && typeof callback !== 'function'
}
