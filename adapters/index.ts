import { TriportError } from '../core/errors.js'
import type { ExpressApp } from './express/app.js'
import { attach as attachToExpress } from './express/attach.js'
import { isKoaApp, type KoaApp, type KoaMiddleware } from './koa/app.js'
import { attach as attachToKoa } from './koa/attach.js'
import type { KoaOptions } from './koa/middleware.js'
import { type AttachOptions, attach as attachToNode, type Detach } from './node/attach.js'
import type { HandlerOptions } from './node/handler.js'
import { checkRuntime, type HostedRuntime } from './node/host.js'
import type { HostMiddleware } from './node/middleware.js'

export type { Auth, AuthAction, AuthRequest, AuthResource } from '../core/auth.js'
export type { ExpressApp, Middleware, Next } from './express/app.js'
export type { KoaApp, KoaContext, KoaHandler, KoaMiddleware } from './koa/app.js'
export type { AttachOptions, Detach } from './node/attach.js'
export type { HandlerOptions } from './node/handler.js'
export type { HostedRuntime } from './node/host.js'
export type { HostMiddleware } from './node/middleware.js'

/** Options of `attach` from `triport/http`. */
export interface HttpAttachOptions extends Omit<AttachOptions, 'server' | 'use'> {
  /** Your app: Express 4 or 5, or Koa. */
  readonly app?: ExpressApp | KoaApp
  /** The server that carries the WebSockets. */
  readonly server?: AttachOptions['server']
  /** Middleware to run before `authenticate`, such as your session, of the kind that your app takes. */
  readonly use?: readonly (HostMiddleware | KoaMiddleware)[]
}

/**
 * Embeds a runtime in your web server: endpoints, server spans and rooms. The adapter is the one that the runtime's
 * `http.adapter` names, else `koa` or `express` when such an app is given, and `node` otherwise.
 *
 * ```ts
 * attach(runtime, { app, server })
 * ```
 *
 * Works before `start()`: until then the endpoints and upgrades answer 503 and your own routes work as ever.
 *
 * @throws `ERR_OPTION_INVALID` when the adapter lacks its app or its server, `ERR_CONFIG_INVALID` for options that do not fit.
 */
export function attach(runtime: HostedRuntime, { app, server, use = [], ...options }: HttpAttachOptions): Detach {
  checkRuntime(runtime)
  const listening = server ? { server } : {}
  switch (options.http?.adapter ?? runtime.config.http.adapter ?? adapterFor(app)) {
    case 'koa':
      if (app === undefined || !isKoaApp(app)) throw missing('koa', 'app', 'new Koa()')
      return attachToKoa(runtime, { ...forKoa(options), ...listening, app, use: use as readonly KoaMiddleware[] })
    case 'express':
      if (app === undefined || isKoaApp(app)) throw missing('express', 'app', 'express()')
      return attachToExpress(runtime, { ...options, ...listening, app, use })
    case 'node':
      if (server === undefined) throw missing('node', 'server', 'createServer()')
      return attachToNode(runtime, { ...options, server, use })
  }
}

function forKoa({ http, route }: HandlerOptions): KoaOptions {
  return { ...(http ? { http } : {}), ...(route ? { route: ({ req }) => route(req) } : {}) }
}

function adapterFor(app: HttpAttachOptions['app']): 'koa' | 'express' | 'node' {
  if (app === undefined) return 'node'
  return isKoaApp(app) ? 'koa' : 'express'
}

function missing(adapter: string, option: string, example: string): TriportError {
  return new TriportError(
    'ERR_OPTION_INVALID',
    `The ${adapter} adapter needs the ${option}: attach(runtime, { ${option}: ${example} }).`,
  )
}
