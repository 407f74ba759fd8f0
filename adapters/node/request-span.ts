import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Attributes, ForeignRequest, Span } from '../../core/ports/tracer.js'
import type { Tracer } from '../../core/tracer/tracer.js'
import { factsOf, originalUrl, pathOf, type RequestFacts } from './request.js'

/** The methods of RFC 9110 and 5789. Any other could be a new value of an attribute with every request. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'])

export interface RequestSpanOptions {
  readonly trustProxy: boolean
  /** False keeps the path out of the span: the path of a WebSocket names a room. @default true */
  readonly path?: boolean
}

/** Starts the server span of a request, as a child of the span that the client names in its headers, if any. */
export function startRequestSpan(tracer: Tracer, request: IncomingMessage, options: RequestSpanOptions): Span {
  // From the root: whatever was current where the server was opened is not this request's parent.
  const parent = tracer.run('root', () => tracer.extract(request.headers))
  const attributes = requestAttributes(request, factsOf(request, options.trustProxy), options.path ?? true)
  return tracer.startSpan(methodName(request), { kind: 'server', parent, attributes })
}

/** The span of a request whose response is on its way. */
export interface RequestSpan {
  readonly span: Span
  /** Keeps what the code of the request threw. Whether the request failed is told by its answer: `ctx.throw(404)` is no failure. */
  failed(error: unknown): void
}

/** Ends the span when the response is sent or its link is gone, whichever comes first. */
export function spanOfResponse(span: Span, response: ServerResponse, route: () => string | undefined): RequestSpan {
  const { req: request } = response
  let thrown: Thrown | undefined
  function end(aborted: boolean): void {
    response.off('finish', onFinish).off('close', onClose)
    endRequestSpan(span, request, { status: response.statusCode, route: route(), aborted, thrown })
  }
  const onFinish = () => end(false)
  const onClose = () => end(true)
  response.on('finish', onFinish).on('close', onClose)
  return {
    span,
    failed(error) {
      thrown = { error }
    },
  }
}

/**
 * Says what we know of a request whose span an instrumentation has made: its route, and what its code threw. Name, status and end are left
 * to the instrumentation, which reads the route when the response has ended.
 */
export function enrichForeign(
  { span, route: setRoute }: ForeignRequest,
  response: ServerResponse,
  route: () => string | undefined,
): RequestSpan {
  let thrown: Thrown | undefined
  response.once('finish', () => {
    const found = route()
    if (found !== undefined) setRoute(found)
    if (thrown && response.statusCode >= 500) span.fail(thrown.error)
  })
  return {
    span,
    failed(error) {
      thrown = { error }
    },
  }
}

interface Thrown {
  readonly error: unknown
}

/** How a request ended. `aborted`: the client left before the answer was sent, so that there is no status. */
export interface RequestEnd {
  readonly status: number
  readonly route: string | undefined
  readonly aborted?: boolean
  readonly thrown?: Thrown | undefined
  /** What the connection speaks from now on. @default HTTP */
  readonly protocol?: 'websocket' | undefined
}

export function endRequestSpan(
  span: Span,
  request: IncomingMessage,
  { status, route, aborted = false, thrown, protocol }: RequestEnd,
): void {
  if (route !== undefined) span.rename(`${methodName(request)} ${route}`).set('http.route', route)
  if (aborted) span.set('triport.http.aborted', true)
  else span.set('http.response.status_code', status)
  span.set('network.protocol.name', protocol)
  if (thrown && (aborted || status >= 500)) span.fail(thrown.error)
  if (!aborted && status >= 500) span.failAs(String(status))
  span.end()
}

/** The method as an attribute tells it: one that nobody knows could be a new value with every request. */
export function methodOf({ method = 'GET' }: IncomingMessage): string {
  return knownMethods.has(method) ? method : '_OTHER'
}

function methodName({ method = 'GET' }: IncomingMessage): string {
  return knownMethods.has(method) ? method : 'HTTP'
}

function requestAttributes(request: IncomingMessage, facts: RequestFacts, withPath: boolean): Attributes {
  const { method = 'GET', httpVersion } = request
  const known = knownMethods.has(method)
  const server = facts.host === undefined ? undefined : serverOf(facts.host)
  return {
    'http.request.method': methodOf(request),
    'http.request.method_original': known ? undefined : method,
    'url.scheme': facts.scheme,
    'url.path': withPath ? pathOf(originalUrl(request)) : undefined,
    'server.address': server?.address,
    'server.port': server?.port,
    'network.protocol.version': httpVersion,
    'user_agent.original': request.headers['user-agent'],
  }
}

interface ServerName {
  readonly address: string
  readonly port: number | undefined
}

/** The last one: a service is called by one name nearly always, and parsing it costs more than the rest of the span. */
let latest: { readonly host: string; readonly server: ServerName | undefined } = { host: '', server: undefined }

function serverOf(host: string): ServerName | undefined {
  if (latest.host !== host) latest = { host, server: parseServer(host) }
  return latest.server
}

function parseServer(host: string): ServerName | undefined {
  if (!URL.canParse(`http://${host}`)) return undefined
  const { hostname, port } = new URL(`http://${host}`)
  return { address: hostname, port: port ? Number(port) : undefined }
}
