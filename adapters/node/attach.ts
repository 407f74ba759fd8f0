import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { TriportError } from '../../core/errors.js'
import { checkArguments, checkServer } from './arguments.js'
import type { ExchangeMaker } from './exchange.js'
import { refuseIfIdle } from './foreign.js'
import { createHandler, type HandlerOptions } from './handler.js'
import { type HostedRuntime, hostOf } from './host.js'
import { connectExchange } from './middleware.js'
import { refusal } from './refusals.js'
import { respondRefused } from './respond.js'
import { createUpgradeHandler } from './upgrade.js'
import { createWebSockets } from './websockets.js'

/** Options of `attach` from `triport/node`. */
export interface AttachOptions extends HandlerOptions {
  /** Serves WebSockets beside what it serves already. Other listeners for upgrades keep theirs. */
  readonly server: Server | SecureServer
}

/** Takes everything off the server that `attach` put there. Open connections stay. */
export type Detach = () => void

/**
 * Serves the rooms of a runtime as WebSockets on a server.
 *
 * A server without a request listener of its own gets the endpoints under `{base}` too. Beside your own listener, call
 * the handler of `createHandler` from it.
 *
 * Works before `start()`: upgrades are answered 503 until the runtime runs. The library `ws` is loaded by the first upgrade.
 *
 * @throws `ERR_CONFIG_INVALID` for an `http` that does not fit, `ERR_OPTION_INVALID` for other arguments that do not, and when the server
 *   serves this path already.
 */
export function attach(runtime: HostedRuntime, options: AttachOptions): Detach {
  checkArguments(runtime, options, ['server'])
  const { server, ...rest } = options
  const { use = [] } = rest
  const handle = createHandler(runtime, rest)
  const detach = attachUpgrades(runtime, options, (request, response) => connectExchange(use, request, response))
  if (server.listenerCount('request') === 0) server.on('request', onRequest)
  return () => {
    detach()
    server.off('request', onRequest)
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    // A listener that came after us knows best what to do with a request.
    if (server.listenerCount('request') > 1) return
    handle(request, response, () => respondRefused(response, refusal('not_found')))
  }
}

/** The part of `attach` that is about WebSockets. */
export function attachUpgrades(
  runtime: HostedRuntime,
  { server, http }: Pick<AttachOptions, 'server' | 'http'>,
  exchangeOf: ExchangeMaker,
): Detach {
  checkServer(server)
  const host = hostOf(runtime, http)
  const { ws, limits, foreignUpgrades } = host.settings
  const take = createUpgradeHandler(host, createWebSockets(limits), exchangeOf)
  refuseTwice(server, ws)
  server.on('upgrade', Object.assign(onUpgrade, { [attachedAt]: ws }))
  return () => void server.off('upgrade', onUpgrade)

  function onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (take(request, socket, head) || foreignUpgrades === 'ignore') return
    const others = server.listeners('upgrade').some((listener) => !(attachedAt in listener))
    if (!others) refuseIfIdle(socket, runtime.config.clock)
  }
}

/** Marks our upgrade listeners with their path, across copies of the package. */
const attachedAt = Symbol.for('triport.http.attached')

function refuseTwice(server: AttachOptions['server'], path: string): void {
  const taken = server.listeners('upgrade').some((listener) => Reflect.get(listener, attachedAt) === path)
  if (!taken) return
  throw new TriportError(
    'ERR_OPTION_INVALID',
    `This server already serves WebSockets at ${path}. Attach once, or give http.ws another path.`,
  )
}
