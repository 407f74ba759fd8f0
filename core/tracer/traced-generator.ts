import type { Span, Tracing } from '../ports/tracer.js'
import { failed } from './span.js'

/** What a traced generator needs: a tracer, and the span of its run, which is started once. */
export interface Steps {
  readonly tracer: Pick<Tracing, 'withSpan'>
  start(): Span
}

/** Runs every step of a generator in one span. */
export function tracedGenerator(inner: Generator, steps: Steps): Generator {
  const run = spanOfRun(steps)

  function step(name: Step, value: unknown): IteratorResult<unknown> {
    const span = run.spanFor(name)
    if (span === undefined) return inner[name](value)
    try {
      const result = steps.tracer.withSpan(span, () => inner[name](value))
      if (result.done) run.end()
      return result
    } catch (error) {
      throw run.failed(error)
    }
  }

  return like(inner, step)
}

/** Runs every step of an async generator in one span. */
export function tracedAsyncGenerator(inner: AsyncGenerator, steps: Steps): AsyncGenerator {
  const run = spanOfRun(steps)

  function step(name: Step, value: unknown): Promise<IteratorResult<unknown>> {
    const span = run.spanFor(name)
    if (span === undefined) return inner[name](value)
    return steps.tracer
      .withSpan(span, () => inner[name](value))
      .then(
        (result) => {
          if (result.done) run.end()
          return result
        },
        (error) => {
          throw run.failed(error)
        },
      )
  }

  return like(inner, step)
}

type Step = 'next' | 'return' | 'throw'

/** A generator whose steps go through `step`. It inherits the rest: `for of`, iterator helpers and disposal. */
function like<G extends object>(inner: G, step: (name: Step, value: unknown) => unknown): G {
  return Object.assign(Object.create(Object.getPrototypeOf(inner)), {
    next: (value: unknown) => step('next', value),
    return: (value: unknown) => step('return', value),
    throw: (error: unknown) => step('throw', error),
  })
}

/** The span of one run: begins with the first `next`, for before that nothing of the generator's body runs. */
function spanOfRun(steps: Steps) {
  let span: Span | undefined
  let ended = false
  return {
    spanFor(name: Step): Span | undefined {
      if (ended) return undefined
      if (span === undefined && name !== 'next') ended = true
      else span ??= steps.start()
      return span
    },
    end(): void {
      ended = true
      span?.end()
    },
    failed(error: unknown): unknown {
      ended = true
      return span === undefined ? error : failed(span, error)
    },
  }
}
