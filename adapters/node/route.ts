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
  const address = pathOf(url)
  const mounts = /[*{}()?+]/.test(path) ? -1 : countOf(address) - countOf(path)
  if (mounts === 0) return path
  const outside = mounts > 0 ? segmentsOf(address).slice(0, mounts) : segmentsOf(mount)
  const own = segmentsOf(path)
  const outer = Object.entries(params).filter(([name]) => !own.includes(`:${name}`))
  const prefix = outside.map((segment) => `/${placeholderOf(segment, outer)}`).join('')
  return prefix + (path === '/' && prefix !== '' ? '' : path)
}

/** A router that merges the parameters of its mount shows us their names. */
function placeholderOf(segment: string, parameters: readonly (readonly [string, unknown])[]): string {
  const match = parameters.find(([, value]) => value === segment || encodeURIComponent(String(value)) === segment)
  return match ? `:${match[0]}` : segment
}

/** How many segments a path has: this is asked for every request. */
function countOf(path: string): number {
  let count = 0
  for (let at = 0; at < path.length; at++) if (path[at] !== '/' && (at === 0 || path[at - 1] === '/')) count++
  return count
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter(Boolean)
}
