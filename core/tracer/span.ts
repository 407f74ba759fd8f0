import type { Span, Tracing } from '../ports/tracer.js'

/**
 * Runs `fn` with `span` as the current one, and ends the span with what comes of it: a value, an error, or a promise of
 * either. A promise is passed on as a new one that settles when the span has ended.
 */
export function runSpan<T>(tracer: Pick<Tracing, 'withSpan'>, span: Span, fn: (span: Span) => T): T {
  try {
    const result = tracer.withSpan(span, () => fn(span))
    if (isThenable(result)) return settled(tracer, span, result) as T
    span.end()
    return result
  } catch (error) {
    throw failed(span, error)
  }
}

/** Fails and ends the span, and returns the error to throw. */
export function failed(span: Span, error: unknown): unknown {
  span.fail(error)
  span.end()
  return error
}

function settled(tracer: Pick<Tracing, 'withSpan'>, span: Span, result: PromiseLike<unknown>): unknown {
  const follow = () =>
    result.then(
      (value) => {
        span.end()
        return value
      },
      (error) => {
        throw failed(span, error)
      },
    )
  // A query builder does its work in then().
  return result instanceof Promise ? follow() : tracer.withSpan(span, follow)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return 'then' in value && typeof value.then === 'function'
}
