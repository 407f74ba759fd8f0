import { invalidOption, type TriportError } from '../../core/errors.js'
import { checkKeys } from '../../core/suggest.js'
import type { HostedRuntime } from './host.js'

/**
 * Checks what `attach`, `triport` and `createHandler` of every adapter are called with.
 *
 * @param more The options that this one takes beside those of `createHandler`.
 * @throws `ERR_OPTION_INVALID` for something else than a runtime, such as the app, for unknown options and for a `use` that would not run.
 */
export function checkArguments(runtime: HostedRuntime, options: object, more: readonly string[] = []): void {
  if (typeof runtime?.config?.http !== 'object') throw invalidOption(`The first argument is no runtime. ${call}`)
  if (typeof options !== 'object' || options === null)
    throw invalidOption(`The second argument holds no options. ${call}`)
  checkKeys(options, [...more, 'use', 'route', 'http'], 'option')
  const { use = [] } = options as { readonly use?: unknown }
  if (Array.isArray(use) && use.every((middleware) => typeof middleware === 'function')) return
  throw invalidOption('use is no array of functions. Give your middleware in an array, such as [session].')
}

const call = 'Write attach(runtime, { app, server }).'

/** @throws `ERR_OPTION_INVALID` for something that never gets an upgrade, such as the app. */
export function checkServer(server: unknown): void {
  if (server === undefined) throw missing('node', 'server', 'createServer()')
  if (typeof server === 'function') {
    throw invalidOption('server is the app, as Express makes it. Give createServer(app), or what app.listen() returns.')
  }
  const { on, listen, close } = (server ?? {}) as Readonly<Record<string, unknown>>
  // A Koa app has the first two.
  if ([on, listen, close].every((method) => typeof method === 'function')) return
  throw invalidOption('server is no server of node:http or node:https. Give what createServer() returns.')
}

/** For an adapter that was not given its app or its server, or another thing in its place. */
export function missing(adapter: string, option: 'app' | 'server', example: string): TriportError {
  return invalidOption(`The ${adapter} adapter needs the ${option}: attach(runtime, { ${option}: ${example} }).`)
}
