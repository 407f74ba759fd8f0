import { randomFillSync } from 'node:crypto'
import { type Clock, systemClock } from '../../core/clock.js'
import type { ContextStorage } from '../../core/context.js'
import { checkOptionNames } from '../../core/driver-options.js'
import type { Duration } from '../../core/duration.js'
import type { Unsubscribe } from '../../core/emitter.js'
import { TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import type {
  Baggage,
  Carrier,
  Span,
  SpanContext,
  SpanOptions,
  TraceContext,
  TracerDriver,
} from '../../core/ports/tracer.js'
import { ignore, type Report } from '../../core/report.js'
import { type BaggageGate, type BaggageKeys, baggageGate, mergeBaggage, noBaggage } from '../../core/tracer/baggage.js'
import { type Cleaner, createCleaner } from '../../core/tracer/cleaner.js'
import { rememberFailures } from '../../core/tracer/failure.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import { baggageOf, Laden, type Scope, scopeWith, spanOf } from '../../core/tracer/laden.js'
import { LiveSpan, type Recorder } from '../../core/tracer/live-span.js'
import { noopSpan } from '../../core/tracer/noop.js'
import { PassiveSpan } from '../../core/tracer/passive-span.js'
import { defaultRedact, type Redact } from '../../core/tracer/redact.js'
import { createSampler, type Sampler, type Sampling, samplingOptions } from '../../core/tracer/sampler.js'
import { type SpanClock, spanClock } from '../../core/tracer/span-clock.js'
import { createSpanIds, idPoolBytes } from '../../core/tracer/span-ids.js'
import { createTail, type Tail } from '../../core/tracer/tail.js'
import { randomFlag, readCarrier, sampledFlag, writeCarrier } from '../../core/tracer/traceparent.js'
import { type SpanNode, spanTree } from '../../core/tracer/tree.js'
import { tracerOptionNames } from './option-names.js'
import { createSpanLog, type SpanLog } from './span-log.js'

/** Options of the tracer driver `memory`. */
export interface MemoryTracerOptions {
  /** How many finished spans are kept; the oldest goes first. @default 10_000 */
  readonly limit?: number
  /** The share of traces that is kept, from 0 to 1, or that and rules. A span with a parent follows its parent. @default 1 */
  readonly sampling?: Sampling
  /** What may be kept of a value. @default `defaultRedact` */
  readonly redact?: Redact
  /** Which entries of the baggage go to other processes and come from them: all, none, or those of these names. @default true */
  readonly baggage?: BaggageKeys
}

/** A tracer that keeps finished spans in the memory of the process. */
export interface MemoryTracer extends TracerDriver {
  /** The spans that ended, the first to end first. They stay after `stop`. */
  readonly finished: readonly FinishedSpan[]
  /** The finished spans nested by parent. `formatTree` prints them. */
  tree(): SpanNode[]
  /**
   * The first finished span of that name, or that the test accepts; waits for it when there is none yet.
   *
   * @param options `timeout` is `'5s'` unless given.
   * @throws `ERR_WAIT_TIMEOUT`
   */
  waitFor(
    wanted: string | ((span: FinishedSpan) => boolean),
    options?: { readonly timeout?: Duration },
  ): Promise<FinishedSpan>
  /** Forgets the finished spans. */
  clear(): void
  /** Calls `listener` with every span that ends. */
  onEnd(listener: (span: FinishedSpan) => void): Unsubscribe
}

/**
 * Keeps spans in memory: for tests, for development, and for trace ids in log lines without a collector.
 *
 * @throws `ERR_OPTION_INVALID`, `ERR_CONFIG_INVALID` for options that are not known.
 */
export function memoryTracer(options: MemoryTracerOptions = {}): MemoryTracer {
  checkOptionNames('memoryTracer', options, tracerOptionNames satisfies readonly (keyof MemoryTracerOptions)[])
  return new MemoryDriver(options)
}

/** Stands for "no span is current". */
const root = Object.freeze({}) as TraceContext

type AnySpan = LiveSpan | PassiveSpan

class MemoryDriver implements MemoryTracer, Recorder {
  readonly name = 'memory'
  readonly local = true
  /** The name of the service that the spans carry. */
  service: string | undefined
  readonly cleaner: Cleaner
  readonly isNewFailure = rememberFailures()
  clock: Clock = systemClock
  report: Report = ignore
  readonly #sampler: Sampler
  readonly #tail: Tail | undefined
  readonly #gate: BaggageGate
  readonly #ids = createSpanIds(() => randomFillSync(pool).toString('hex'))
  readonly #log: SpanLog
  /** Exists between start and stop. */
  #scopes: ContextStorage<Scope<AnySpan>> | undefined
  #time: SpanClock = spanClock(systemClock)

  constructor({ limit = 10_000, sampling = 1, redact = defaultRedact, baggage = true }: MemoryTracerOptions) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new TriportError('ERR_OPTION_INVALID', `limit is ${String(limit)}. Give a number of spans, 1 or more.`)
    }
    this.cleaner = createCleaner(redact, (error, details) => this.report(error, details))
    this.#gate = baggageGate(baggage, (key, value) => this.cleaner.value(key, value, 'baggage'))
    this.#sampler = createSampler(sampling)
    this.#log = createSpanLog(limit, this)
    this.#tail = samplingOptions(sampling).keepErrors ? createTail(this.#log) : undefined
  }

  get enabled(): boolean {
    return this.#scopes !== undefined
  }

  async start(context: DriverContext): Promise<void> {
    this.service = context.service.name
    this.clock = context.clock
    this.report = context.report
    this.#time = spanClock(context.clock)
    this.#scopes = context.contextStorage<Scope<AnySpan>>()
  }

  async stop(): Promise<void> {
    this.#scopes = undefined
  }

  startSpan(name: string, options?: SpanOptions): Span {
    if (this.#scopes === undefined) return noopSpan
    const scope = options?.parent === undefined ? this.#scopes.get() : scopeOf(options.parent)
    const brought = options?.parent === undefined ? undefined : baggageOf(scope)
    const parent = spanOf(scope)
    if (parent instanceof LiveSpan) {
      const { traceId, traceFlags, traceState, spanId: parentSpanId, sink } = parent
      const spanId = this.#ids.spanId()
      return new LiveSpan(this, name, { traceId, spanId, traceFlags, traceState, parentSpanId, brought, sink }, options)
    }
    if (parent?.remote === false) return parent.with(brought)
    return this.#first(name, parent, brought, options)
  }

  withSpan<T>(span: Span, fn: () => T): T {
    if (this.#scopes === undefined || !isSpan(span)) return fn()
    return this.#enter(scopeWith(span, span.brought ?? baggageOf(this.#scopes.get())), fn)
  }

  active(): TraceContext {
    return contextOf(this.#scopes?.get())
  }

  activeSpan(): Span | undefined {
    const span = spanOf(this.#scopes?.get())
    return span instanceof PassiveSpan && span.remote ? undefined : span
  }

  run<T>(context: TraceContext | 'root', fn: () => T): T {
    return this.#enter(scopeOf(context), fn)
  }

  baggage(context?: TraceContext): Baggage {
    return baggageOf(context === undefined ? this.#scopes?.get() : scopeOf(context))
  }

  withBaggage<T>(entries: Readonly<Record<string, string | undefined>>, fn: () => T): T {
    const scope = this.#scopes?.get()
    return this.#enter(scopeWith(spanOf(scope), mergeBaggage(baggageOf(scope), entries)), fn)
  }

  inject(carrier: Record<string, string>, context?: TraceContext): Record<string, string> {
    if (this.#scopes === undefined) return carrier
    const scope = context === undefined ? this.#scopes.get() : scopeOf(context)
    const span = spanOf(scope)
    if (span !== undefined) writeCarrier(carrier, span)
    this.#gate.write(carrier, baggageOf(scope))
    return carrier
  }

  extract(carrier: Carrier, base: TraceContext | 'root' = this.active()): TraceContext {
    const remote = this.#scopes === undefined ? undefined : readCarrier(carrier)
    const baggage = this.#scopes === undefined ? undefined : this.#gate.read(carrier)
    if (remote !== undefined) return contextOf(scopeWith(new PassiveSpan(remote, true), baggage ?? noBaggage))
    if (baggage !== undefined) return contextOf(scopeWith(spanOf(scopeOf(base)), baggage))
    return base === 'root' ? root : base
  }

  spanContext(context: TraceContext): SpanContext | undefined {
    return spanOf(scopeOf(context))?.context()
  }

  async flush(): Promise<void> {}

  get finished(): readonly FinishedSpan[] {
    return this.#log.values()
  }

  tree(): SpanNode[] {
    return spanTree(this.#log.values())
  }

  waitFor(
    wanted: string | ((span: FinishedSpan) => boolean),
    options?: { readonly timeout?: Duration },
  ): Promise<FinishedSpan> {
    return this.#log.waitFor(wanted, options)
  }

  clear(): void {
    this.#log.clear()
  }

  onEnd(listener: (span: FinishedSpan) => void): Unsubscribe {
    return this.#log.onEnd(listener)
  }

  now(): number {
    return this.#time.now()
  }

  /** The first span of a trace in this process: here it is decided whether the others are kept. */
  #first(name: string, parent: PassiveSpan | undefined, brought: Baggage | undefined, options?: SpanOptions): Span {
    if (parent === undefined) this.#time.adjust()
    const traceId = parent?.traceId ?? this.#ids.traceId()
    const spanId = this.#ids.spanId()
    const flags = parent?.traceFlags ?? randomFlag
    const keeps = this.#sampler({ parent, traceId, attributes: options?.attributes, links: options?.links })
    const traceFlags = keeps ? flags | sampledFlag : flags & ~sampledFlag
    const ids = { traceId, spanId, traceFlags, traceState: parent?.traceState }
    const sink = keeps ? this.#log : this.#tail?.follow(spanId)
    if (sink) return new LiveSpan(this, name, { ...ids, parentSpanId: parent?.spanId, brought, sink }, options)
    // A trace that goes on as it came keeps its parent too.
    return new PassiveSpan(parent && traceFlags === flags ? parent : ids, false, brought)
  }

  #enter<T>(scope: Scope<AnySpan> | undefined, fn: () => T): T {
    const scopes = this.#scopes
    return scopes === undefined || scopes.get() === scope ? fn() : scopes.run(scope, fn)
  }
}

const pool = Buffer.alloc(idPoolBytes)

function contextOf(scope: Scope<AnySpan> | undefined): TraceContext {
  return scope === undefined ? root : (scope as unknown as TraceContext)
}

/** `undefined` for the root, and for what another driver made. */
function scopeOf(context: TraceContext | 'root'): Scope<AnySpan> | undefined {
  return isSpan(context) || context instanceof Laden ? context : undefined
}

function isSpan(value: unknown): value is AnySpan {
  return value instanceof LiveSpan || value instanceof PassiveSpan
}
