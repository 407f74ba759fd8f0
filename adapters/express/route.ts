import type { IncomingMessage } from 'node:http'
import { originalUrl, pathOf } from '../node/request.js'

/** What Express knows of a request once a route has matched. */
export interface RoutedRequest extends IncomingMessage {
  readonly baseUrl?: string
  readonly route?: { readonly path?: unknown }
  readonly params?: Readonly<Record<string, unknown>>
}

/** The route that a request matched, `/users/:id`; `undefined` when none did. Asked when the response ends. */
export function routeOf(request: RoutedRequest): string | undefined {
  const path = request.route?.path
  if (path === undefined) return undefined
  if (typeof path !== 'string') return String(path)
  const mount = mountOf(request, path)
  return mount + (path === '/' && mount !== '' ? '' : path)
}

/**
 * The path under which the router of the route is mounted.
 *
 * Express forgets `baseUrl` on the way to an error handler, so the mount is what the route's own segments leave of the
 * address. A route of unknown length says nothing; then `baseUrl` is believed.
 */
function mountOf(request: RoutedRequest, path: string): string {
  const segments = segmentsOf(pathOf(originalUrl(request)))
  const own = segmentsOf(path)
  const fixed = !/[*{}()?+]/.test(path) && own.length <= segments.length
  const mount = fixed ? segments.slice(0, segments.length - own.length) : segmentsOf(request.baseUrl ?? '')
  const outer = Object.entries(request.params ?? {}).filter(([name]) => !own.includes(`:${name}`))
  return mount.map((segment) => `/${placeholderOf(segment, outer)}`).join('')
}

/** A router that merges the parameters of its mount shows us their names. */
function placeholderOf(segment: string, parameters: readonly (readonly [string, unknown])[]): string {
  const match = parameters.find(([, value]) => value === segment || encodeURIComponent(String(value)) === segment)
  return match ? `:${match[0]}` : segment
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter(Boolean)
}
