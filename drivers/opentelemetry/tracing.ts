import type {
  Context,
  Attributes as RawAttributes,
  SpanOptions as RawOptions,
  Span as RawSpan,
  Tracer as RawTracer,
} from '@opentelemetry/api'
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
import type { Recorder, SpanSink } from '../../core/tracer/live-span.js'
import type { Sampler } from '../../core/tracer/sampler.js'
import type { SpanClock } from '../../core/tracer/span-clock.js'
import type { SpanIds } from '../../core/tracer/span-ids.js'
import type { Tail } from '../../core/tracer/tail.js'
import { randomFlag, readCarrier, sampledFlag, writeCarrier } from '../../core/tracer/traceparent.js'
import type { Api, Contexts } from './api.js'
import { fromRaw, hrTime, kinds, markOf, toRaw } from './convert.js'
import { type Layers, SpanLayer, spanKeyOf } from './layer.js'
import { rawOf } from './raw.js'
import { isOwn, type OwnSpan, RecordedSpan, rawLink, SdkSpan, UnsampledSpan } from './span.js'

/** Decides about traces before OpenTelemetry hears of them. */
export interface Decision {
  readonly sampler: Sampler
  /** Where spans go that are kept. `undefined` asks the provider for them. */
  readonly sink: SpanSink | undefined
  /** Remembers what is not sampled, should something fail. */
  readonly tail: Tail | undefined
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
  flush(): Promise<void>
}

/** The port on a provider of OpenTelemetry's. A context of the port is one of OpenTelemetry's. */
export class OtelTracing implements Tracing {
  readonly enabled = true
  readonly #deps: OtelTracingDeps
  readonly #root: Context
  readonly #layers: Layers

  constructor(deps: OtelTracingDeps) {
    this.#deps = deps
    this.#root = deps.api.ROOT_CONTEXT
    this.#layers = { spanKey: spanKeyOf(deps.api), rawOf: (span) => rawOf(deps.api, span) }
  }

  startSpan(name: string, options?: SpanOptions): Span {
    const { contexts, decision } = this.#deps
    const explicit = options?.parent === undefined ? undefined : this.#contextOf(options.parent)
    const context = explicit ?? contexts.active()
    const brought = explicit && this.#baggageIn(explicit)
    const own = this.#ownIn(context)
    if (own instanceof RecordedSpan) return this.#below(own, name, brought, options)
    if (own instanceof UnsampledSpan) return own.with(brought)
    if (decision !== undefined && !(own instanceof SdkSpan)) {
      const parent = this.#spanContextIn(context)
      if (decision.sink || parent === undefined || parent.remote) {
        return this.#first(decision, name, context, parent, brought, options)
      }
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
    const active = contexts.active()
    const own = this.#ownIn(active)
    if (own !== undefined) return own
    const raw = api.trace.getSpan(active)
    const context = raw && fromRaw(raw.spanContext())
    return raw === undefined || context === undefined || context.remote ? undefined : new SdkSpan(api, recorder, raw)
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

  async flush(): Promise<void> {
    await this.#deps.flush()
  }

  /** The first span of a trace in this process: here it is decided whether the others are kept. */
  #first(
    { sampler, sink: kept, tail }: Decision,
    name: string,
    context: Context,
    parent: SpanContext | undefined,
    brought: Baggage | undefined,
    options: SpanOptions | undefined,
  ): Span {
    const { ids, recorder, time } = this.#deps
    if (parent === undefined) time.adjust()
    const traceId = parent?.traceId ?? ids.traceId()
    const keeps = sampler({ parent, traceId, attributes: options?.attributes, links: options?.links })
    if (keeps && !kept) return this.#sdkSpan(name, context, brought, options)
    const flags = parent?.traceFlags ?? randomFlag
    const traceFlags = keeps ? flags | sampledFlag : flags & ~sampledFlag
    const spanId = ids.spanId()
    const own = { traceId, spanId, traceFlags, traceState: parent?.traceState }
    const sink = keeps ? kept : tail?.follow(spanId)
    if (sink) {
      const parentRemote = parent?.remote ?? false
      return new RecordedSpan(
        recorder,
        name,
        { ...own, parentSpanId: parent?.spanId, parentRemote, brought, sink },
        options,
      )
    }
    // A trace that goes on as it came keeps its parent too.
    return new UnsampledSpan(parent && traceFlags === flags ? parent : own, false, brought)
  }

  #below(parent: RecordedSpan, name: string, brought: Baggage | undefined, options?: SpanOptions): Span {
    const { traceId, traceFlags, traceState, spanId: parentSpanId, sink } = parent
    const { ids, recorder } = this.#deps
    const spanId = ids.spanId()
    const origin = { traceId, spanId, traceFlags, traceState, parentSpanId, parentRemote: false, brought, sink }
    return new RecordedSpan(recorder, name, origin, options)
  }

  #sdkSpan(name: string, context: Context, brought: Baggage | undefined, options: SpanOptions = {}): Span {
    const { api, tracer, recorder } = this.#deps
    const { cleaner } = recorder
    const { kind = 'internal', attributes, links, startTime = recorder.now() } = options
    const start: RawOptions = { kind: kinds[kind], startTime: hrTime(startTime) }
    if (attributes) start.attributes = cleaner.passed(attributes, 'attribute') as RawAttributes
    if (links) start.links = links.map((link) => rawLink(api, recorder, link))
    return new SdkSpan(api, recorder, tracer.startSpan(cleaner.text('name', name, 'name'), start, context), brought)
  }

  #enter<T>(context: Context, fn: () => T): T {
    const { contexts } = this.#deps
    return contexts.active() === context ? fn() : contexts.with(context, fn)
  }

  #contextWith(span: OwnSpan): Context {
    const active = this.#deps.contexts.active()
    const base = span.brought === undefined ? active : this.#setBaggage(active, span.brought)
    if (!(base instanceof SpanLayer)) return new SpanLayer(base, span, this.#layers)
    return base.span === span ? base : new SpanLayer(base.base, span, this.#layers)
  }

  /** Our span in a context, also where code has put what it was given for it into a context of its own. */
  #ownIn(context: Context): OwnSpan | undefined {
    if (context instanceof SpanLayer) return context.span
    const raw = this.#deps.api.trace.getSpan(context)
    const own = raw && markOf(raw)
    return isOwn(own) ? own : undefined
  }

  /** The root for what another driver made. */
  #contextOf(context: TraceContext | 'root'): Context {
    return isContext(context) ? context : this.#root
  }

  #spanContextIn(context: Context): SpanContext | undefined {
    if (context instanceof SpanLayer) return context.span.context()
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
