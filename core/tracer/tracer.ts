import { invalidOption, type TriportError } from '../errors.js'
import type { Late } from '../late.js'
import type { Span, SpanOptions, TraceContext, TracerDriver, Tracing } from '../ports/tracer.js'
import { forwarding } from './forwarding.js'
import { noopSpan, noopTracer } from './noop.js'
import { runSpan } from './span.js'
import { type AnyFunction, traced, type WrapOptions } from './traced.js'

/**
 * Makes the spans of a runtime. Before `start()` and after `stop()` every call passes through.
 *
 * ```ts
 * await tracer.span('load network', async (span) => {
 *   const network = await load(id)
 *   span.set('network.nodes', network.nodes.length)
 *   return network
 * })
 * ```
 */
export interface Tracer extends Tracing {
  /**
   * Runs `fn` in a new span that is current meanwhile. The span ends with `fn`, or when the promise that it returns settles,
   * and fails with what is thrown. Returns what `fn` returns.
   */
  span<T>(name: string, fn: (span: Span) => T): T
  span<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T
  /**
   * A function that does what `fn` does, in a span per call. Takes functions, async functions, generators and async
   * generators; keeps name and length.
   */
  wrap<F extends AnyFunction>(name: string, fn: F, options?: WrapOptions<Parameters<F>>): F
  /** A function that runs `fn` in `context`, wherever it is called: for callbacks and event listeners. */
  bind<F extends AnyFunction>(fn: F, context?: TraceContext): F
  /** The current span, as OpenTelemetry names it in log lines; nothing outside of any span. */
  logFields(): LogFields
}

/** What connects a log line with the span in which it was written. */
export interface LogFields {
  /** 32 hexadecimal digits. */
  readonly trace_id?: string
  /** 16 hexadecimal digits. */
  readonly span_id?: string
  /** `01` when the trace is kept, `00` when not; further bits as in W3C Trace Context. */
  readonly trace_flags?: string
}

const noFields: LogFields = Object.freeze({})

/** Speaks for a driver that comes and goes with the runtime. */
export function createTracer(driver: Late<TracerDriver>): Tracer {
  const off = noopTracer()
  const target = () => driver.peek() ?? off

  function span<T>(name: string, optionsOrFn: SpanOptions | ((span: Span) => T), maybeFn?: (span: Span) => T): T {
    const tracer = target()
    const options = typeof optionsOrFn === 'function' ? undefined : optionsOrFn
    const fn = typeof optionsOrFn === 'function' ? optionsOrFn : maybeFn
    if (fn === undefined) throw noFunction(name)
    return tracer.enabled ? runSpan(tracer, tracer.startSpan(name, options), fn) : fn(noopSpan)
  }

  function wrap<F extends AnyFunction>(name: string, fn: F, options: WrapOptions<Parameters<F>> = {}): F {
    return traced(fn, { tracer: target, spanName: () => name, options: options as WrapOptions })
  }

  function bind<F extends AnyFunction>(fn: F, context?: TraceContext): F {
    const tracer = target()
    if (!tracer.enabled) return fn
    const bound = context ?? tracer.active()
    return function (this: unknown, ...args: never[]): unknown {
      return target().run(bound, () => Reflect.apply(fn, this, args))
    } as F
  }

  function logFields(): LogFields {
    const tracer = target()
    const context = tracer.enabled ? tracer.spanContext(tracer.active()) : undefined
    if (context === undefined) return noFields
    const { traceId, spanId, traceFlags } = context
    return { trace_id: traceId, span_id: spanId, trace_flags: traceFlags.toString(16).padStart(2, '0') }
  }

  return {
    get enabled() {
      return target().enabled
    },
    span,
    wrap,
    bind,
    logFields,
    ...forwarding(target),
    flush: (timeout) => target().flush(timeout),
  }
}

function noFunction(name: string): TriportError {
  return invalidOption(`tracer.span(${JSON.stringify(name)}) got no function to run. Pass one.`)
}
