import type { Context, Attributes as RawAttributes, Span as RawSpan, Tracer as RawTracer } from '@opentelemetry/api'
import type {
  Baggage,
  Carrier,
  ForeignRequest,
  Span,
  SpanContext,
  SpanOptions,
  TraceContext,
  Tracing,
} from '../../core/ports/tracer.js'
import { type BaggageGate, mergeBaggage, noBaggage } from '../../core/tracer/baggage.js'
import type { Recorder } from '../../core/tracer/live-span.js'
import type { Sampler } from '../../core/tracer/sampler.js'
import type { SpanClock } from '../../core/tracer/span-clock.js'
import type { SpanIds } from '../../core/tracer/span-ids.js'
import type { Tail } from '../../core/tracer/tail.js'
import { randomFlag, readCarrier, sampledFlag, writeCarrier } from '../../core/tracer/traceparent.js'
import type { Api, Contexts } from './api.js'
import { fromRaw, hrTime, kinds, mark, markOf, toRaw } from './convert.js'
import { isOwn, type OwnSpan, rawLink, rawOf, SdkSpan, UnsampledLiveSpan, UnsampledSpan } from './span.js'

/** Decides about traces before OpenTelemetry hears of them. */
export interface Decision {
  readonly sampler: Sampler
  /** Remembers what is not sampled, should something fail. */
  readonly tail: Tail | undefined
  /** Runs `start`, which starts a span that is to be kept, the first of this trace in this process. */
  keeping<T>(traceId: string, start: () => T): T
}

export interface OtelTracingDeps {
  readonly api: Api
  readonly contexts: Contexts
  readonly tracer: RawTracer
  readonly recorder: Recorder
  readonly time: SpanClock
  readonly ids: SpanIds
  readonly gate: BaggageGate
  /** `undefined` leaves it to the provider. */
  readonly decision: Decision | undefined
}

/** The port on a provider of OpenTelemetry's. A context of the port is one of OpenTelemetry's. */
export class OtelTracing implements Omit<Tracing, 'enabled' | 'flush'> {
  readonly #deps: OtelTracingDeps
  readonly #root: Context

  constructor(deps: OtelTracingDeps) {
    this.#deps = deps
    this.#root = deps.api.ROOT_CONTEXT
  }

  startSpan(name: string, options?: SpanOptions): Span {
    const { api, contexts, decision } = this.#deps
    const explicit = options?.parent === undefined ? undefined : this.#contextOf(options.parent)
    const context = explicit ?? contexts.active()
    const brought = explicit && this.#baggageIn(explicit)
    const above = api.trace.getSpan(context)
    const own = above && markOf(above)
    if (own instanceof UnsampledLiveSpan) return this.#below(own, name, brought, options)
    if (own instanceof UnsampledSpan) return own.with(brought)
    if (decision !== undefined && !(own instanceof SdkSpan)) {
      const parent = above && fromRaw(above.spanContext())
      if (parent === undefined || parent.remote) return this.#first(decision, name, context, parent, brought, options)
    }
    return this.#sdkSpan(name, context, brought, options)
  }

  withSpan<T>(span: Span, fn: () => T): T {
    return isOwn(span) ? this.#enter(this.#contextWith(span), fn) : fn()
  }

  active(): TraceContext {
    return this.#deps.contexts.active() as unknown as TraceContext
  }

  activeSpan(): Span | undefined {
    const { api, contexts, recorder } = this.#deps
    const raw = api.trace.getSpan(contexts.active())
    if (raw === undefined) return undefined
    const own = markOf(raw)
    if (isOwn(own)) return own
    const context = fromRaw(raw.spanContext())
    return context === undefined || context.remote ? undefined : new SdkSpan(api, recorder, raw)
  }

  foreignRequest(): ForeignRequest | undefined {
    const { api, contexts, recorder } = this.#deps
    const rpc = contexts.active().getValue(rpcKey) as RpcMetadata | undefined
    if (rpc?.type !== 'http' || rpc.span === undefined) return undefined
    return {
      span: new SdkSpan(api, recorder, rpc.span),
      route(route) {
        rpc.route = recorder.cleaner.text('http.route', route, 'attribute')
      },
    }
  }

  run<T>(context: TraceContext | 'root', fn: () => T): T {
    return this.#enter(this.#contextOf(context), fn)
  }

  baggage(context?: TraceContext): Baggage {
    return this.#baggageIn(context === undefined ? this.#deps.contexts.active() : this.#contextOf(context))
  }

  withBaggage<T>(entries: Readonly<Record<string, string | undefined>>, fn: () => T): T {
    const context = this.#deps.contexts.active()
    return this.#enter(this.#setBaggage(context, mergeBaggage(this.#baggageIn(context), entries)), fn)
  }

  inject(carrier: Record<string, string>, context?: TraceContext): Record<string, string> {
    const { contexts, gate } = this.#deps
    const from = context === undefined ? contexts.active() : this.#contextOf(context)
    const span = this.#spanContextIn(from)
    if (span !== undefined) writeCarrier(carrier, span)
    gate.write(carrier, this.#baggageIn(from))
    return carrier
  }

  extract(carrier: Carrier, base: TraceContext | 'root' = this.active()): TraceContext {
    const { api, gate } = this.#deps
    const remote = readCarrier(carrier)
    const baggage = gate.read(carrier)
    const from = this.#contextOf(base)
    if (remote === undefined && baggage === undefined) return from as unknown as TraceContext
    const named = remote === undefined ? from : api.trace.setSpanContext(from, toRaw(api, remote))
    return this.#setBaggage(named, baggage ?? noBaggage) as unknown as TraceContext
  }

  spanContext(context: TraceContext): SpanContext | undefined {
    return this.#spanContextIn(this.#contextOf(context))
  }

  /** The first span of a trace in this process: here it is decided whether the others are kept. */
  #first(
    { sampler, tail, keeping }: Decision,
    name: string,
    context: Context,
    parent: SpanContext | undefined,
    brought: Baggage | undefined,
    options: SpanOptions | undefined,
  ): Span {
    const { ids, recorder, time } = this.#deps
    if (parent === undefined) time.adjust()
    const traceId = parent?.traceId ?? ids.traceId()
    if (sampler({ parent, traceId, attributes: options?.attributes, links: options?.links })) {
      return keeping(traceId, () => this.#sdkSpan(name, context, brought, options))
    }
    const flags = parent?.traceFlags ?? randomFlag
    const spanId = ids.spanId()
    const unsampled = { traceId, spanId, traceFlags: flags & ~sampledFlag, traceState: parent?.traceState }
    if (tail) {
      const origin = { ...unsampled, parentSpanId: parent?.spanId, brought, sink: tail.follow(spanId) }
      return new UnsampledLiveSpan(recorder, name, origin, options)
    }
    // A trace that goes on as it came keeps its parent too.
    return new UnsampledSpan(parent && unsampled.traceFlags === flags ? parent : unsampled, false, brought)
  }

  #below(parent: UnsampledLiveSpan, name: string, brought: Baggage | undefined, options?: SpanOptions): Span {
    const { traceId, traceFlags, traceState, spanId: parentSpanId, sink } = parent
    const { ids, recorder } = this.#deps
    const origin = { traceId, spanId: ids.spanId(), traceFlags, traceState, parentSpanId, brought, sink }
    return new UnsampledLiveSpan(recorder, name, origin, options)
  }

  #sdkSpan(name: string, context: Context, brought: Baggage | undefined, options: SpanOptions = {}): Span {
    const { api, tracer, recorder } = this.#deps
    const { cleaner } = recorder
    const { kind = 'internal', attributes, links, startTime = recorder.now() } = options
    const raw = tracer.startSpan(
      cleaner.text('name', name, 'name'),
      {
        kind: kinds[kind],
        startTime: hrTime(startTime),
        ...(attributes && { attributes: cleaner.all(attributes, 'attribute') as RawAttributes }),
        ...(links && { links: links.map((link) => rawLink(api, recorder, link)) }),
      },
      context,
    )
    const span = new SdkSpan(api, recorder, raw, brought)
    mark(raw, span)
    return span
  }

  #enter<T>(context: Context, fn: () => T): T {
    const { contexts } = this.#deps
    return contexts.active() === context ? fn() : contexts.with(context, fn)
  }

  #contextWith(span: OwnSpan): Context {
    const { api, contexts } = this.#deps
    const active = contexts.active()
    const base = span.brought === undefined ? active : this.#setBaggage(active, span.brought)
    const raw = rawOf(api, span)
    return api.trace.getSpan(base) === raw ? base : api.trace.setSpan(base, raw)
  }

  /** The root for what another driver made. */
  #contextOf(context: TraceContext | 'root'): Context {
    return isContext(context) ? context : this.#root
  }

  #spanContextIn(context: Context): SpanContext | undefined {
    const raw = this.#deps.api.trace.getSpanContext(context)
    return raw && fromRaw(raw)
  }

  #baggageIn(context: Context): Baggage {
    const baggage = this.#deps.api.propagation.getBaggage(context)
    if (baggage === undefined) return noBaggage
    const entries = baggage.getAllEntries().map(([key, { value }]) => [key, value] as const)
    return mergeBaggage(noBaggage, Object.fromEntries(entries))
  }

  #setBaggage(context: Context, baggage: Baggage): Context {
    const { propagation } = this.#deps.api
    if (baggage === noBaggage) {
      return propagation.getBaggage(context) === undefined ? context : propagation.deleteBaggage(context)
    }
    const entries = Object.entries(baggage).map(([key, value]) => [key, { value }] as const)
    return propagation.setBaggage(context, propagation.createBaggage(Object.fromEntries(entries)))
  }
}

/** How instrumentations of HTTP and of frameworks tell each other of the request: `@opentelemetry/core` has it. */
const rpcKey = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA')

interface RpcMetadata {
  readonly type?: string
  readonly span?: RawSpan
  /** Read when the response ends. */
  route?: string
}

function isContext(value: unknown): value is Context {
  const { getValue, setValue } = (value ?? {}) as Partial<Context>
  return typeof getValue === 'function' && typeof setValue === 'function'
}
