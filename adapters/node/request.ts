import type { IncomingMessage } from 'node:http'
import type { AuthRequest } from '../../core/auth.js'
import type { Exchange } from './exchange.js'

/** What a request says about itself, behind a proxy or not. */
export interface RequestFacts {
  readonly scheme: 'http' | 'https'
  /** Name and port as the client wrote them, `undefined` when it named none. */
  readonly host: string | undefined
  /** The client's address, `undefined` when it is gone already. */
  readonly address: string | undefined
}

/** @param trustProxy Believe what the nearest proxy appended to the X-Forwarded headers. */
export function factsOf(request: IncomingMessage, trustProxy: boolean): RequestFacts {
  const forwarded = (name: string) => (trustProxy ? lastOf(request.headers[name]) : undefined)
  const encrypted = 'encrypted' in request.socket && request.socket.encrypted === true
  return {
    scheme: (forwarded('x-forwarded-proto') ?? (encrypted ? 'https' : 'http')) === 'https' ? 'https' : 'http',
    host: forwarded('x-forwarded-host') ?? request.headers.host,
    address: forwarded('x-forwarded-for') ?? request.socket.remoteAddress,
  }
}

/** The request for `authenticate`. */
export function authRequestOf({ request, raw }: Pick<Exchange, 'request' | 'raw'>): AuthRequest {
  return { method: request.method ?? 'GET', url: originalUrl(request), headers: request.headers, raw }
}

/** The path and query that the client sent. Hosts that mount apps in apps shorten `request.url` and keep the whole apart. */
export function originalUrl(request: IncomingMessage): string {
  const { originalUrl } = request as { originalUrl?: unknown }
  return typeof originalUrl === 'string' ? originalUrl : (request.url ?? '/')
}

/** The path of a request target, without its query. */
export function pathOf(url: string): string {
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '')
  const end = endOfPath(target)
  return (end < 0 ? target : target.slice(0, end)) || '/'
}

/** Where the query or the fragment begins, -1 for neither. */
function endOfPath(target: string): number {
  const [query, fragment] = [target.indexOf('?'), target.indexOf('#')]
  return query < 0 || (fragment >= 0 && fragment < query) ? fragment : query
}

/** The query of a request target. */
export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf('?')
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1))
}

/**
 * Whether a page of the request's origin may act here.
 *
 * Browsers send Origin with every WebSocket and every cross-site POST, so a request without one comes from no page.
 */
export function originAllowed(
  request: IncomingMessage,
  allowed: 'same-host' | readonly string[],
  facts: RequestFacts,
): boolean {
  const origin = request.headers.origin
  if (origin === undefined) return true
  if (allowed !== 'same-host') return allowed.some((entry) => entry.toLowerCase() === origin.toLowerCase())
  return facts.host !== undefined && sameHost(origin, facts.host)
}

function sameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false
  const page = new URL(origin)
  // Parsed with the page's scheme, so that "example.com:443" and "example.com" are the same host of an https page.
  const here = `${page.protocol}//${host}`
  return URL.canParse(here) && page.host !== '' && new URL(here).host === page.host
}

function lastOf(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.join(',')
  return text?.split(',').at(-1)?.trim() || undefined
}
