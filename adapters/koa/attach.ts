import { TriportError } from '../../core/errors.js'
import { checkArguments, missing } from '../node/arguments.js'
import { type AttachOptions, attachUpgrades, type Detach } from '../node/attach.js'
import type { HostedRuntime } from '../node/host.js'
import { isKoaApp, type KoaApp } from './app.js'
import { upgradeExchange } from './exchange.js'
import { type KoaOptions, triport } from './middleware.js'

/** Options of `attach` from `triport/koa`. */
export interface KoaAttachOptions extends KoaOptions {
  readonly app: KoaApp
  /** The server that carries the WebSockets. Without one there are none: attach it later with `attach` from `triport/node`. */
  readonly server?: AttachOptions['server']
}

/**
 * Embeds a runtime in a Koa app: spans and endpoints by `app.use`, rooms as WebSockets of the server.
 *
 * ```ts
 * const app = new Koa()
 * const server = createServer()
 * attach(runtime, { app, server, use: [session] })
 * app.use(router.routes())
 * server.on('request', app.callback())
 * ```
 *
 * Call it before you add routes, so that they have spans, and before `app.callback()` or `app.listen()`, which close the list of
 * middleware. `use` is the middleware that `authenticate` relies on. It runs on our endpoints and, with a `ctx` of the app, on upgrades.
 * `authenticate` gets that `ctx` as `raw`.
 *
 * @returns Takes the WebSockets off the server again. Koa cannot give middleware back.
 * @throws `ERR_CONFIG_INVALID` for an `http` that does not fit, `ERR_OPTION_INVALID` for other arguments that do not, and when the server
 *   serves this path already or the app is in use already.
 */
export function attach(runtime: HostedRuntime, options: KoaAttachOptions): Detach {
  checkArguments(runtime, options, ['app', 'server'])
  const { app, server, ...rest } = options
  if (!isKoaApp(app)) throw missing('koa', 'app', 'new Koa()')
  if (isComposed(app)) throw attachedTooLate()
  const { http, use = [] } = rest
  const middleware = triport(runtime, rest)
  const detach =
    server === undefined
      ? () => {}
      : attachUpgrades(runtime, { server, ...(http ? { http } : {}) }, (request, response) =>
          upgradeExchange(use, app.createContext(request, response)),
        )
  app.use(middleware)
  return detach
}

/** Whether `callback()` was called: an app without a listener for errors gets its own one then. */
function isComposed(app: KoaApp): boolean {
  const { listeners, onerror } = app as { listeners?(event: string): readonly unknown[]; onerror?: unknown }
  return onerror !== undefined && listeners?.call(app, 'error').includes(onerror) === true
}

function attachedTooLate(): TriportError {
  return new TriportError(
    'ERR_OPTION_INVALID',
    'The Koa app is in use already, and middleware that is added now would never run. Call attach before app.callback() and app.listen().',
  )
}
