import { wholeRoute } from '../node/route.js'
import type { KoaContext } from './app.js'

/** What `@koa/router` and `koa-mount` leave on `ctx`. */
export interface RoutedContext extends KoaContext {
  readonly method: string
  /** The last layer of the router that ran: a route, or middleware of the router in front of one. */
  readonly _matchedRoute?: unknown
  /** Every layer whose path fits. */
  readonly matched?: readonly Layer[]
  /** The innermost mount only, and not taken back when that let the request pass. */
  readonly mountPath?: string
}

interface Layer {
  readonly path: unknown
  /** Empty for middleware. */
  readonly methods: readonly string[]
}

/** The route that a request matched, `/users/:id`; `undefined` when none did. Asked when the response ends. */
export function routeOf(context: RoutedContext): string | undefined {
  const { originalUrl: url, mountPath: mount = '' } = context
  const path = pathOfRoute(context)
  if (path === undefined) return undefined
  return typeof path === 'string' ? wholeRoute({ path, url, mount }) : String(path)
}

/** A router's own middleware that answers instead of the route, such as its guard, has the name of the route that it guards. */
function pathOfRoute({ _matchedRoute: last, matched = [], method }: RoutedContext): unknown {
  const routes = matched.filter(({ methods }) => methods.length > 0)
  if (routes.length === 0 || routes.some(({ path }) => path === last)) return last
  return routes.find(({ methods }) => methods.includes(method))?.path
}
