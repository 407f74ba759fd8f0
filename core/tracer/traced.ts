import type { Attributes, Span, SpanKind, SpanOptions, TraceContext, Tracing } from '../ports/tracer.js'
import { describeFailure } from './failure.js'
import { runSpan } from './span.js'
import { tracedAsyncGenerator, tracedGenerator } from './traced-generator.js'

/** Any function at all. */
export type AnyFunction = (...args: never[]) => unknown

/** What a span says about a traced call, besides its name. */
export interface WrapOptions<Args extends readonly unknown[] = never[]> {
  /** @default 'internal' */
  readonly kind?: SpanKind
  /**
   * What every span carries, or a function that makes it from the arguments of the call; that one is asked only for spans
   * that are kept. Arguments and results are never recorded otherwise.
   */
  readonly attributes?: Attributes | ((...args: Args) => Attributes)
}

/** How calls of a function become spans. */
export interface CallTracing {
  /** Asked at every call. `undefined` passes the call through. */
  tracer(): Tracing | undefined
  /** The span's name, from the `this` of the call. */
  spanName(self: unknown): string
  readonly options: WrapOptions
}

/**
 * A function that does what `fn` does, in a span per call. A promise ends the span when it settles. For a generator the
 * span begins with the first step under the caller of the function, is current in every step, and ends with the last one or
 * an early return; between the steps nothing of it is current. Keeps name and length.
 */
export function traced<F extends AnyFunction>(fn: F, call: CallTracing): F {
  const kind = tagOf(fn)
  const isGenerator = kind === 'GeneratorFunction' || kind === 'AsyncGeneratorFunction'
  const wrapper = isGenerator ? steppingCall(fn, call, kind) : plainCall(fn, call)
  Object.defineProperties(wrapper, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
    ...(isGenerator && { [Symbol.toStringTag]: { value: kind, configurable: true } }),
  })
  return wrapper as unknown as F
}

type Args = readonly never[]

function plainCall(fn: AnyFunction, call: CallTracing) {
  return function (this: unknown, ...args: Args): unknown {
    const tracer = call.tracer()
    if (!tracer?.enabled) return Reflect.apply(fn, this, args)
    return recordedCall(fn, call, tracer, this, args)
  }
}

/** Apart: a closure in the wrapper itself would be paid for by calls that pass through. */
function recordedCall(fn: AnyFunction, call: CallTracing, tracer: Tracing, self: unknown, args: Args): unknown {
  const span = startCall(tracer, call, self, args)
  return runSpan(tracer, span, () => Reflect.apply(fn, self, args))
}

function steppingCall(fn: AnyFunction, call: CallTracing, kind: 'GeneratorFunction' | 'AsyncGeneratorFunction') {
  return function (this: unknown, ...args: Args): unknown {
    const tracer = call.tracer()
    const inner = Reflect.apply(fn, this, args)
    if (!tracer?.enabled) return inner
    const parent = tracer.active()
    const steps = { tracer, start: () => startCall(tracer, call, this, args, parent) }
    return kind === 'GeneratorFunction'
      ? tracedGenerator(inner as Generator, steps)
      : tracedAsyncGenerator(inner as AsyncGenerator, steps)
  }
}

function startCall(tracer: Tracing, call: CallTracing, self: unknown, args: Args, parent?: TraceContext): Span {
  const { kind, attributes } = call.options
  const options: SpanOptions = {
    ...(kind && { kind }),
    ...(parent && { parent }),
    ...(typeof attributes === 'object' && { attributes }),
  }
  const span = tracer.startSpan(call.spanName(self), options)
  if (typeof attributes === 'function' && span.recording) describe(span, attributes, args)
  return span
}

/** A mistake in the attributes must not break the call: the span tells of it. */
function describe(span: Span, attributes: (...args: never[]) => Attributes, args: Args): void {
  try {
    span.setAll(attributes(...args))
  } catch (error) {
    const { name, message } = describeFailure(error)
    span.event('attributes failed', { 'exception.type': name, 'exception.message': message })
  }
}

/** `GeneratorFunction` and `AsyncGeneratorFunction` are what is of interest here. */
function tagOf(fn: AnyFunction): string {
  return Object.prototype.toString.call(fn).slice('[object '.length, -1)
}
