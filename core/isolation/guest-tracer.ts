import type { ContextStorage } from '../context.js'
import type { Span, SpanContext, SpanOptions, TraceContext, TracerDriver } from '../ports/tracer.js'
import { noopSpan } from '../tracer/noop.js'
import { readCarrier, writeCarrier } from '../tracer/traceparent.js'
import { GuestSpan, plain } from './guest-span.js'
import type { RunMessage } from './messages.js'
import type { SpanFeed } from './span-feed.js'

/** Makes the spans of a guest, below the span of its job. */
export interface GuestTracer extends TracerDriver {
  /** Traces a run from now on, and runs `fn` in it. Without a trace, tracing is off. */
  begin<T>(feed: SpanFeed, trace: RunMessage['trace'], fn: () => T): T
  /** The number of the current span; 0 is the job's. */
  current(): number
}

/** A span in another process. */
class Remote {
  constructor(readonly known: SpanContext) {}
}

type Scope = GuestSpan | Remote

const root = Object.freeze({}) as TraceContext

export function createGuestTracer(scopes: ContextStorage<Scope>): GuestTracer {
  let feed: SpanFeed | undefined

  function startSpan(name: string, { parent, ...options }: SpanOptions = {}): Span {
    const above = parent === undefined ? scopes.get() : scopeOf(parent)
    const target = above instanceof GuestSpan ? above.feed : feed
    if (!target) return noopSpan
    const sampled = above instanceof GuestSpan ? above.sampled : true
    const span = new GuestSpan(target, target.next(), above?.known, sampled)
    if (!sampled) return span
    target.push({
      span: span.number,
      do: 'start',
      name: String(name),
      parent: above instanceof GuestSpan ? above.number : (above?.known ?? 'root'),
      options: startOptions(options, target),
    })
    return span
  }

  function contextOf(scope: Scope | undefined): TraceContext {
    return scope === undefined ? root : (scope as unknown as TraceContext)
  }

  return {
    name: 'guest',
    get enabled() {
      return feed !== undefined
    },
    begin(next, trace, fn) {
      feed = trace && next
      return scopes.run(trace && new GuestSpan(next, 0, trace.context, trace.recording), fn)
    },
    current() {
      const scope = scopes.get()
      return scope instanceof GuestSpan ? scope.number : 0
    },
    startSpan,
    withSpan: (span, fn) => (span instanceof GuestSpan ? scopes.run(span, fn) : fn()),
    active: () => contextOf(scopes.get()),
    activeSpan() {
      const scope = scopes.get()
      return scope instanceof GuestSpan ? scope : undefined
    },
    run: (context, fn) => scopes.run(scopeOf(context), fn),
    inject(carrier, context) {
      const known = (context === undefined ? scopes.get() : scopeOf(context))?.known
      return known ? writeCarrier(carrier, known) : carrier
    },
    extract(carrier, base = contextOf(scopes.get())) {
      const known = feed && readCarrier(carrier)
      if (known) return contextOf(new Remote(known))
      return base === 'root' ? root : base
    },
    spanContext: (context) => scopeOf(context)?.known,
    flush: async () => feed?.flush(),
  }
}

function startOptions({ kind, attributes, links = [], startTime }: SpanOptions, feed: SpanFeed): SpanOptions {
  return {
    ...(kind && { kind }),
    ...(attributes && { attributes: plain(attributes) }),
    links: links.map((link) => ({ context: { ...link.context }, attributes: plain(link.attributes ?? {}) })),
    startTime: startTime ?? feed.now(),
  }
}

/** `undefined` for the root, and for what another driver made. */
function scopeOf(context: TraceContext | 'root'): Scope | undefined {
  const scope: unknown = context
  return scope instanceof GuestSpan || scope instanceof Remote ? scope : undefined
}
