import type { Span } from '../../core/ports/tracer.js'
import type { HttpCalls } from '../../core/tracer/http-call.js'
import type { Channels } from './channels.js'

/** A request of undici, as it tells of it. */
interface UndiciRequest {
  readonly origin: string | URL
  readonly method: string
  readonly path: string
  /** Names and values in turn; a text with lines in older versions. */
  readonly headers: readonly unknown[] | string
  addHeader(name: string, value: string): void
}

interface Told {
  readonly request: UndiciRequest
}

/** Those of undici, which `fetch` is made of. */
export function undiciChannels(calls: HttpCalls): Channels {
  const spans = new WeakMap<UndiciRequest, Span>()
  return {
    'undici:request:create': ({ request }: Told) => {
      const { origin, path, method } = request
      if (!URL.canParse(path, String(origin))) return
      const span = calls.begin({
        method,
        url: new URL(path, String(origin)),
        has: (header) => namesOf(request.headers).includes(header),
        set: (name, value) => request.addHeader(name, value),
      })
      if (span) spans.set(request, span)
    },
    'undici:request:headers': ({
      request,
      response,
    }: Told & { readonly response: { readonly statusCode: number } }) => {
      const span = spans.get(request)
      if (span) calls.answered(span, response.statusCode)
    },
    'undici:request:error': ({ request, error }: Told & { readonly error: unknown }) => {
      const span = spans.get(request)
      if (span) calls.failed(span, error)
    },
  }
}

function namesOf(headers: UndiciRequest['headers']): string[] {
  const names =
    typeof headers === 'string'
      ? headers.split('\r\n').map((line) => line.split(':')[0])
      : headers.filter((_, index) => index % 2 === 0)
  return names.map((name) => String(name).toLowerCase())
}
