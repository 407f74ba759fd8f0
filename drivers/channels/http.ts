import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Span } from '../../core/ports/tracer.js'
import type { HttpCalls } from '../../core/tracer/http-call.js'
import type { Channels } from './channels.js'

interface Told {
  readonly request: ClientRequest
}

/** Those of `node:http` and `node:https`. */
export function httpChannels(calls: HttpCalls): Channels {
  const spans = new WeakMap<ClientRequest, Span>()
  return {
    'http.client.request.created': ({ request }: Told) => {
      const url = urlOf(request)
      const agent = String(request.getHeader('user-agent'))
      const set = request.headersSent ? undefined : setHeader
      const span = url && calls.begin({ method: request.method, url, agent, has, set })
      if (span) spans.set(request, span)

      function has(header: string): boolean {
        return request.hasHeader(header)
      }
      function setHeader(name: string, value: string): void {
        request.setHeader(name, value)
      }
    },
    'http.client.response.finish': ({ request, response }: Told & { readonly response: IncomingMessage }) => {
      const span = spans.get(request)
      if (span) calls.answered(span, response.statusCode ?? 0)
    },
    'http.client.request.error': ({ request, error }: Told & { readonly error: unknown }) => {
      const span = spans.get(request)
      if (span) calls.failed(span, error)
    },
  }
}

function urlOf(request: ClientRequest): URL | undefined {
  const host = request.getHeader('host') ?? request.host
  const base = `${request.protocol}//${String(host)}`
  return URL.canParse(request.path, base) ? new URL(request.path, base) : undefined
}
