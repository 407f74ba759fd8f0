import type { Span } from '../ports/tracer.js'
import type { Tracer } from './tracer.js'

/** A request that is about to leave. */
export interface OutgoingRequest {
  readonly method: string
  readonly url: URL
  /** Its `User-Agent`, where that is known. */
  readonly agent?: string | undefined
  /** Whether it has this header already, in lower case. */
  has(header: string): boolean
  /** `undefined` when its headers have left. */
  readonly set: ((name: string, value: string) => void) | undefined
}

/** Makes client spans of outgoing requests. */
export interface HttpCalls {
  /** @returns `undefined` for a request that belongs to no trace, or is that of an exporter. */
  begin(request: OutgoingRequest): Span | undefined
  /** Its answer has begun: the span ends here, as nobody may read the rest. */
  answered(span: Span, status: number): void
  failed(span: Span, error: unknown): void
}

/** @param propagateTo Hosts that are told of the trace: `api.example.com`, `*.internal`, `localhost:3000`. */
export function createHttpCalls(tracer: Tracer, propagateTo: readonly string[]): HttpCalls {
  const mayKnow = hostMatcher(propagateTo)

  function propagate(span: Span, { url, has, set }: OutgoingRequest): void {
    if (set === undefined || !mayKnow(url) || has('traceparent')) return
    const headers = tracer.withSpan(span, () => tracer.inject({}))
    for (const [name, value] of Object.entries(headers)) if (!has(name)) set(name, value)
  }

  return {
    begin(request) {
      const { method, url } = request
      if (tracer.spanContext(tracer.active()) === undefined || isExport(request)) return undefined
      const span = tracer.startSpan(method, {
        kind: 'client',
        attributes: {
          'http.request.method': method,
          // Without the query, which may hold anything.
          'url.full': url.origin + url.pathname,
          'server.address': url.hostname,
          'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
        },
      })
      propagate(span, request)
      return span
    },
    answered(span, status) {
      span.set('http.response.status_code', status)
      if (status >= 400) span.failAs(String(status))
      span.end()
    },
    failed(span, error) {
      if (isAbort(error)) span.set('triport.http.aborted', true)
      else span.fail(error)
      span.end()
    },
  }
}

/** Spans on their way out would make spans that have to go out. */
function isExport({ url, agent = '' }: OutgoingRequest): boolean {
  return /\/v1\/(?:traces|metrics|logs)$/.test(url.pathname) || agent.startsWith('OTel-OTLP-Exporter')
}

/** Whoever makes a request may think better of it: that is no failure. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** A pattern is a host, with its port or with any, and may begin with `*.` for every host below it. */
function hostMatcher(patterns: readonly string[]): (url: URL) => boolean {
  const tests = patterns.map((pattern) => {
    const wanted = pattern.toLowerCase()
    const ends = wanted.startsWith('*.') ? wanted.slice(1) : undefined
    return (host: string) => (ends === undefined ? host === wanted : host.endsWith(ends))
  })
  return ({ hostname, host }) => tests.some((fits) => fits(hostname) || fits(host))
}
