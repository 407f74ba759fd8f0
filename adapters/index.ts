import { TriportError } from '../core/errors.js'
import type { ExpressApp } from './express/app.js'
import { attach as attachToExpress } from './express/attach.js'
import { type AttachOptions, attach as attachToNode, type Detach } from './node/attach.js'
import type { HostedRuntime } from './node/host.js'

export type { ExpressApp, Middleware, Next } from './express/app.js'
export type { AttachOptions, Detach } from './node/attach.js'
export type { HandlerOptions } from './node/handler.js'
export type { HostedRuntime } from './node/host.js'
export type { HostMiddleware } from './node/middleware.js'

/** Options of `attach` from `triport/http`. */
export interface HttpAttachOptions extends Omit<AttachOptions, 'server'> {
  /** Your Express app, version 4 or 5. */
  readonly app?: ExpressApp
  /** The server that carries the WebSockets. */
  readonly server?: AttachOptions['server']
}

/**
 * Embeds a runtime in your web server: endpoints, server spans and rooms. The adapter is the one that the runtime's
 * `http.adapter` names, else `express` when an app is given and `node` otherwise.
 *
 * ```ts
 * attach(runtime, { app, server })
 * ```
 *
 * Works before `start()`: until then the endpoints and upgrades answer 503 and your own routes work as ever.
 *
 * @throws `ERR_OPTION_INVALID` when the adapter lacks its app or its server, `ERR_UNSUPPORTED` for an adapter that does not
 *   exist, `ERR_CONFIG_INVALID` for options that do not fit.
 */
export function attach(runtime: HostedRuntime, { app, server, ...options }: HttpAttachOptions): Detach {
  const adapter: string = options.http?.adapter ?? runtime.config.http.adapter ?? (app ? 'express' : 'node')
  switch (adapter) {
    case 'express':
      if (app === undefined) throw missing(adapter, 'app')
      return attachToExpress(runtime, { ...options, app, ...(server ? { server } : {}) })
    case 'node':
      if (server === undefined) throw missing(adapter, 'server')
      return attachToNode(runtime, { ...options, server })
    default:
      throw new TriportError(
        'ERR_UNSUPPORTED',
        `There is no adapter "${adapter}" in this version. Known: node, express.`,
      )
  }
}

function missing(adapter: string, option: string): TriportError {
  return new TriportError(
    'ERR_OPTION_INVALID',
    `The ${adapter} adapter needs the ${option}: attach(runtime, { ${option} }).`,
  )
}
