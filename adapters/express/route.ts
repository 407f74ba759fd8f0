import type { IncomingMessage } from 'node:http'
import { originalUrl } from '../node/request.js'
import { wholeRoute } from '../node/route.js'

/** What Express knows of a request once a route has matched. */
export interface RoutedRequest extends IncomingMessage {
  /** Forgotten on the way to an error handler. */
  readonly baseUrl?: string
  readonly route?: { readonly path?: unknown }
  readonly params?: Readonly<Record<string, unknown>>
}

/** The route that a request matched, `/users/:id`; `undefined` when none did. Asked when the response ends. */
export function routeOf(request: RoutedRequest): string | undefined {
  const { baseUrl: mount = '', params = {} } = request
  const path = request.route?.path
  if (path === undefined) return undefined
  return typeof path === 'string' ? wholeRoute({ path, url: originalUrl(request), mount, params }) : String(path)
}
