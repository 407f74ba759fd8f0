import { pathOf } from './request.js'

/** What a router knows of the route that matched. */
export interface MatchedRoute {
  /** The route as the router that holds it knows it: `/:id`. */
  readonly path: string
  /** The address as the client sent it. */
  readonly url: string
  /** Where the router believes that it is mounted. Routers forget that, or know only the innermost mount. */
  readonly mount: string
  readonly params?: Readonly<Record<string, unknown>>
}

/**
 * The whole route, `/users/:id`, of a router that is mounted somewhere.
 *
 * The mount is what the route's own segments leave of the address. A route of unknown length says nothing; then `mount` is
 * believed.
 */
export function wholeRoute({ path, url, mount, params = {} }: MatchedRoute): string {
  const segments = segmentsOf(pathOf(url))
  const own = segmentsOf(path)
  const fixed = !/[*{}()?+]/.test(path) && own.length <= segments.length
  const outside = fixed ? segments.slice(0, segments.length - own.length) : segmentsOf(mount)
  const outer = Object.entries(params).filter(([name]) => !own.includes(`:${name}`))
  const prefix = outside.map((segment) => `/${placeholderOf(segment, outer)}`).join('')
  return prefix + (path === '/' && prefix !== '' ? '' : path)
}

/** A router that merges the parameters of its mount shows us their names. */
function placeholderOf(segment: string, parameters: readonly (readonly [string, unknown])[]): string {
  const match = parameters.find(([, value]) => value === segment || encodeURIComponent(String(value)) === segment)
  return match ? `:${match[0]}` : segment
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter(Boolean)
}
