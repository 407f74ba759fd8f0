import type { Tracing } from '../ports/tracer.js'

/** The calls of a tracer that something else answers. */
export type Forwarded = Omit<Tracing, 'enabled' | 'flush'>

/** Asks every call of what `target` gives at that moment: a tracer may come and go. */
export function forwarding(target: () => Forwarded): Forwarded {
  return {
    startSpan: (name, options) => target().startSpan(name, options),
    withSpan: (span, fn) => target().withSpan(span, fn),
    active: () => target().active(),
    activeSpan: () => target().activeSpan(),
    foreignRequest: () => target().foreignRequest?.(),
    run: (context, fn) => target().run(context, fn),
    baggage: (context) => target().baggage(context),
    withBaggage: (entries, fn) => target().withBaggage(entries, fn),
    inject: (carrier, context) => target().inject(carrier, context),
    extract: (carrier, base) => target().extract(carrier, base),
    spanContext: (context) => target().spanContext(context),
  }
}
