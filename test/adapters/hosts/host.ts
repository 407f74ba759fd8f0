import { AsyncLocalStorage } from 'node:async_hooks'
import type { Server } from 'node:http'
import type { HostedRuntime } from '../../../adapters/node/host.js'
import type { HostMiddleware } from '../../../adapters/node/middleware.js'
import type { HttpConfig } from '../../../core/http-config.js'

/**
 * A web server with an app of its own, in which a runtime is embedded, for the suite that all adapters pass.
 *
 * The app answers `GET /hello/:name` with `hello <name>`, `GET /trace` with the traceparent that a call from there would carry,
 * `GET /broken` and `GET /broken-later` with 500 because their code throws, `GET /silent` never, and everything else with 404.
 */
export interface TestHost {
  readonly name: string
  build(runtime: HostedRuntime, options: HostOptions): Server
  /** Further addresses that the app answers, each with the route that its span is named after: `undefined` for none. */
  readonly routes?: Readonly<Record<string, string | undefined>>
  /** Middleware as an app of this host has it. Left out for those that only build a server. */
  readonly front?: HostFront
}

/** Middleware of a host, for `use`. */
export interface HostFront {
  /** Reads the cookie `sid`: `banned` is answered 418, `expired` 401, anything else is the user, told by `userOf` and by `currentUser`. */
  readonly session: HostMiddleware
  readonly failing: HostMiddleware
  readonly bodyParser: HostMiddleware
  userOf(raw: unknown): string | undefined
}

export interface HostOptions {
  readonly http?: HttpConfig
  readonly use?: readonly HostMiddleware[]
}

/** What `session` opens around everything that comes after it. */
export const currentUser = new AsyncLocalStorage<string | undefined>()

export function sidOf(cookie: string | undefined): string | undefined {
  return /sid=(\w+)/.exec(cookie ?? '')?.[1]
}
