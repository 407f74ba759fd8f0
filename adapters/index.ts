import type { ExpressApp } from './express/app.js'
import { attach as attachToExpress, type ExpressAttachOptions } from './express/attach.js'
import { isKoaApp, type KoaApp, type KoaContext, type KoaMiddleware } from './koa/app.js'
import { attach as attachToKoa, type KoaAttachOptions } from './koa/attach.js'
import { checkArguments } from './node/arguments.js'
import { type AttachOptions, attach as attachToNode, type Detach } from './node/attach.js'
import type { HostedRuntime } from './node/host.js'
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
  /** The server that carries the WebSockets. Without one, an `app` has endpoints and spans, but no WebSockets. */
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
 * @throws `ERR_OPTION_INVALID` for arguments that do not fit, such as an app in place of its server, `ERR_CONFIG_INVALID` for an `http`
 *   that does not.
 */
export function attach(runtime: HostedRuntime, options: HttpAttachOptions): Detach {
  checkArguments(runtime, options, ['app', 'server'])
  const { app, ...rest } = options
  // Each adapter checks that it got what its options say.
  switch (options.http?.adapter ?? runtime.config.http.adapter ?? adapterFor(app)) {
    case 'koa':
      return attachToKoa(runtime, forKoa(options))
    case 'express':
      return attachToExpress(runtime, options as ExpressAttachOptions)
    default: // `node`, or a name that it refuses.
      return attachToNode(runtime, rest as AttachOptions)
  }
}

function forKoa({ route, ...options }: HttpAttachOptions): KoaAttachOptions {
  return { ...options, ...(route ? { route: ({ req }: KoaContext) => route(req) } : {}) } as KoaAttachOptions
}

function adapterFor(app: HttpAttachOptions['app']): 'koa' | 'express' | 'node' {
  if (app === undefined) return 'node'
  return isKoaApp(app) ? 'koa' : 'express'
}
