import type { ContextStorage } from '../context.js'
import type { Baggage, Span, SpanContext, SpanOptions, TraceContext, TracerDriver } from '../ports/tracer.js'
import { baggageGate, formatBaggage, mergeBaggage, noBaggage, parseBaggage } from '../tracer/baggage.js'
import { baggageOf, Laden, type Scope, scopeWith, spanOf } from '../tracer/laden.js'
import { noopSpan } from '../tracer/noop.js'
import { defaultRedact } from '../tracer/redact.js'
import { readCarrier, writeCarrier } from '../tracer/traceparent.js'
import { GuestSpan, plain } from './guest-span.js'
import type { CallMessage, RunMessage } from './messages.js'
import type { SpanFeed } from './span-feed.js'

/** Makes the spans of a guest, below the span of its job. */
export interface GuestTracer extends TracerDriver {
  /** Traces a run from now on, and runs `fn` in it. Without a trace, tracing is off. */
  begin<T>(feed: SpanFeed, trace: RunMessage['trace'], fn: () => T): T
  /** Where a call comes from. Span 0 is the job's. */
  caller(): Pick<CallMessage, 'span' | 'baggage'>
}

/** A span in another process. */
class Remote {
  constructor(readonly known: SpanContext) {}
}

type AnySpan = GuestSpan | Remote

const root = Object.freeze({}) as TraceContext
/** The host's redaction cannot come into a thread. */
const clean = (key: string, value: string) => defaultRedact(key, value, 'baggage')

export function createGuestTracer(scopes: ContextStorage<Scope<AnySpan>>): GuestTracer {
  const gate = baggageGate(true, clean)
  let feed: SpanFeed | undefined
  let begun: Baggage = noBaggage

  function startSpan(name: string, { parent, ...options }: SpanOptions = {}): Span {
    const scope = parent === undefined ? scopes.get() : scopeOf(parent)
    const above = spanOf(scope)
    const target = above instanceof GuestSpan ? above.feed : feed
    if (!target) return noopSpan
    const sampled = above instanceof GuestSpan ? above.sampled : true
    const brought = parent === undefined ? undefined : baggageOf(scope)
    const span = new GuestSpan(target, target.next(), above?.known, sampled, brought)
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

  function contextOf(scope: Scope<AnySpan> | undefined): TraceContext {
    return scope === undefined ? root : (scope as unknown as TraceContext)
  }

  return {
    name: 'guest',
    get enabled() {
      return feed !== undefined
    },
    begin(next, trace, fn) {
      feed = trace && next
      begun = mergeBaggage(noBaggage, parseBaggage(trace?.baggage) ?? {})
      const span = trace && new GuestSpan(next, 0, trace.context, trace.recording)
      return scopes.run(scopeWith<AnySpan>(span, begun), fn)
    },
    caller() {
      const scope = scopes.get()
      const span = spanOf(scope)
      const baggage = baggageOf(scope)
      return {
        span: span instanceof GuestSpan ? span.number : 0,
        ...(baggage !== begun && { baggage: formatBaggage(baggage, clean) }),
      }
    },
    startSpan,
    withSpan(span, fn) {
      if (!(span instanceof GuestSpan)) return fn()
      return scopes.run(scopeWith<AnySpan>(span, span.brought ?? baggageOf(scopes.get())), fn)
    },
    active: () => contextOf(scopes.get()),
    activeSpan() {
      const span = spanOf(scopes.get())
      return span instanceof GuestSpan ? span : undefined
    },
    run: (context, fn) => scopes.run(scopeOf(context), fn),
    baggage: (context) => baggageOf(context === undefined ? scopes.get() : scopeOf(context)),
    withBaggage(entries, fn) {
      const scope = scopes.get()
      return feed ? scopes.run(scopeWith(spanOf(scope), mergeBaggage(baggageOf(scope), entries)), fn) : fn()
    },
    inject(carrier, context) {
      const scope = context === undefined ? scopes.get() : scopeOf(context)
      const known = spanOf(scope)?.known
      if (known) writeCarrier(carrier, known)
      gate.write(carrier, baggageOf(scope))
      return carrier
    },
    extract(carrier, base = contextOf(scopes.get())) {
      const known = feed && readCarrier(carrier)
      const baggage = feed && gate.read(carrier)
      if (known) return contextOf(scopeWith<AnySpan>(new Remote(known), baggage ?? noBaggage))
      if (baggage) return contextOf(scopeWith(spanOf(scopeOf(base)), baggage))
      return base === 'root' ? root : base
    },
    spanContext: (context) => spanOf(scopeOf(context))?.known,
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
function scopeOf(context: TraceContext | 'root'): Scope<AnySpan> | undefined {
  const scope: unknown = context
  return scope instanceof GuestSpan || scope instanceof Remote || scope instanceof Laden ? scope : undefined
}
