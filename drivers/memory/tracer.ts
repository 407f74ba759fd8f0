import { type Clock, systemClock } from '../../core/clock.js'
import type { ContextStorage } from '../../core/context.js'
import type { Duration } from '../../core/duration.js'
import type { Unsubscribe } from '../../core/emitter.js'
import { TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import type {
  AttributeValue,
  Carrier,
  Span,
  SpanContext,
  SpanOptions,
  TraceContext,
  TracerDriver,
} from '../../core/ports/tracer.js'
import { ignore, type Report } from '../../core/report.js'
import { rememberFailures } from '../../core/tracer/failure.js'
import type { FinishedSpan } from '../../core/tracer/finished-span.js'
import { noopSpan } from '../../core/tracer/noop.js'
import { defaultRedact, type Redact, type RedactedPart, redacted } from '../../core/tracer/redact.js'
import { parentBased, ratioSampler, type Sampler } from '../../core/tracer/sampler.js'
import { randomFlag, readCarrier, sampledFlag, writeCarrier } from '../../core/tracer/traceparent.js'
import { type SpanNode, spanTree } from '../../core/tracer/tree.js'
import { LiveSpan, PassiveSpan, type Recorder, type Scope } from './span.js'
import { createSpanIds } from './span-ids.js'
import { createSpanLog, type SpanLog } from './span-log.js'

/** Options of the tracer driver `memory`. */
export interface MemoryTracerOptions {
  /** How many finished spans are kept; the oldest goes first. @default 10_000 */
  readonly limit?: number
  /** The share of traces that is kept, from 0 to 1. A span with a parent follows its parent. @default 1 */
  readonly sampling?: number
  /** What may be kept of a value. @default `defaultRedact` */
  readonly redact?: Redact
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
 * @throws `ERR_OPTION_INVALID`
 */
export function memoryTracer(options: MemoryTracerOptions = {}): MemoryTracer {
  return new MemoryDriver(options)
}

/** Above this many milliseconds, the machine's clock was set rather than read imprecisely. */
const maxDrift = 50

/** Stands for "no span is current". */
const root = Object.freeze({}) as TraceContext

class MemoryDriver implements MemoryTracer, Recorder {
  readonly name = 'memory'
  /** The name of the service that the spans carry. */
  service: string | undefined
  readonly isNewFailure = rememberFailures()
  clock: Clock = systemClock
  report: Report = ignore
  readonly #redact: Redact
  readonly #sampler: Sampler
  readonly #ids = createSpanIds()
  readonly #log: SpanLog
  /** Exists between start and stop. */
  #scopes: ContextStorage<Scope> | undefined
  /** What to add to the monotonic time to get the time of day. */
  #epoch = 0

  constructor({ limit = 10_000, sampling = 1, redact = defaultRedact }: MemoryTracerOptions) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new TriportError('ERR_OPTION_INVALID', `limit is ${String(limit)}. Give a number of spans, 1 or more.`)
    }
    this.#redact = redact
    this.#sampler = parentBased(ratioSampler(sampling))
    this.#log = createSpanLog(limit, this)
  }

  get enabled(): boolean {
    return this.#scopes !== undefined
  }

  async start(context: DriverContext): Promise<void> {
    this.service = context.service.name
    this.clock = context.clock
    this.report = context.report
    this.#epoch = context.clock.now() - context.clock.monotonic()
    this.#scopes = context.contextStorage<Scope>()
  }

  async stop(): Promise<void> {
    this.#scopes = undefined
  }

  startSpan(name: string, options?: SpanOptions): Span {
    if (this.#scopes === undefined) return noopSpan
    const parent = options?.parent === undefined ? this.#scopes.get() : scopeOf(options.parent)
    const traceId = parent?.traceId ?? this.#ids.traceId()
    if (!this.#sampler(parent, traceId, options?.links)) return this.#unsampled(parent, traceId)
    if (parent === undefined) this.#adjustEpoch()
    const traceFlags = (parent?.traceFlags ?? randomFlag) | sampledFlag
    const ids = { traceId, spanId: this.#ids.spanId(), traceFlags, traceState: parent?.traceState }
    return new LiveSpan(this, name, ids, parent?.spanId, options)
  }

  withSpan<T>(span: Span, fn: () => T): T {
    return isScope(span) ? this.#enter(span, fn) : fn()
  }

  active(): TraceContext {
    return contextOf(this.#scopes?.get())
  }

  activeSpan(): Span | undefined {
    const scope = this.#scopes?.get()
    return scope instanceof PassiveSpan && scope.remote ? undefined : scope
  }

  run<T>(context: TraceContext | 'root', fn: () => T): T {
    return this.#enter(scopeOf(context), fn)
  }

  inject(carrier: Record<string, string>, context?: TraceContext): Record<string, string> {
    if (this.#scopes === undefined) return carrier
    const scope = context === undefined ? this.#scopes.get() : scopeOf(context)
    return scope === undefined ? carrier : writeCarrier(carrier, scope)
  }

  extract(carrier: Carrier, base: TraceContext | 'root' = this.active()): TraceContext {
    const remote = this.#scopes === undefined ? undefined : readCarrier(carrier)
    if (remote !== undefined) return contextOf(new PassiveSpan(remote, true))
    return base === 'root' ? root : base
  }

  spanContext(context: TraceContext): SpanContext | undefined {
    return scopeOf(context)?.context()
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

  keep(span: FinishedSpan): void {
    this.#log.keep(span)
  }

  now(): number {
    return this.#epoch + this.clock.monotonic()
  }

  clean(key: string, value: AttributeValue, part: RedactedPart): AttributeValue | undefined {
    try {
      return this.#redact(key, value, part)
    } catch (error) {
      this.report(error, { stage: 'tracer.redact', key })
      return redacted
    }
  }

  #enter<T>(scope: Scope | undefined, fn: () => T): T {
    const scopes = this.#scopes
    return scopes === undefined || scopes.get() === scope ? fn() : scopes.run(scope, fn)
  }

  /** One span stands for all that is not kept below it. */
  #unsampled(parent: Scope | undefined, traceId: string): Span {
    if (parent instanceof PassiveSpan) return parent.remote ? new PassiveSpan(parent, false) : parent
    return new PassiveSpan({ traceId, spanId: this.#ids.spanId(), traceFlags: randomFlag }, false)
  }

  /** Done where a trace begins, so that a clock that is set never moves a span against its parent. */
  #adjustEpoch(): void {
    const epoch = this.clock.now() - this.clock.monotonic()
    if (Math.abs(epoch - this.#epoch) > maxDrift) this.#epoch = epoch
  }
}

function contextOf(scope: Scope | undefined): TraceContext {
  return scope === undefined ? root : (scope as unknown as TraceContext)
}

/** `undefined` for the root, and for what another driver made. */
function scopeOf(context: TraceContext | 'root'): Scope | undefined {
  return isScope(context) ? context : undefined
}

function isScope(value: unknown): value is Scope {
  return value instanceof LiveSpan || value instanceof PassiveSpan
}
