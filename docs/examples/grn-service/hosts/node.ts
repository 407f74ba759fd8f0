import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { attach } from 'triport/http'
import { createHandler } from 'triport/node'
import { answer, notFound, type Route, type SentAnswer } from '../answer.js'
import type { Host } from './host.js'

/** The service on `node:http` alone. */
export const onNode: Host = (runtime, routes) => {
  const handle = createHandler(runtime, { route: (request) => findRoute(routes, request)?.route.path })
  const server = createServer((request, response) => handle(request, response, () => serve(request, response)))
  attach(runtime, { server })
  return server

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = findRoute(routes, request)
    send(response, found ? await answer(found.route, request, found.params) : notFound)
  }
}

function send(response: ServerResponse, { status, headers, body }: SentAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

interface Found {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** The first route that fits, as with Express and Koa: a GET route takes HEAD as well. */
function findRoute(routes: readonly Route[], { method, url = '/' }: IncomingMessage): Found | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method
  const path = url.split('?', 1)[0] ?? '/'
  for (const route of routes) {
    const params = route.method === wanted ? paramsOf(route.path, path) : undefined
    if (params) return { route, params }
  }
  return undefined
}

/** The named segments, when the path fits the pattern. */
function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const [names, segments] = [pattern.split('/'), path.split('/')]
  if (names.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, name] of names.entries()) {
    const segment = segments[i] ?? ''
    if (name.startsWith(':') && segment !== '') params[name.slice(1)] = segment
    else if (name !== segment) return undefined
  }
  return params
}
