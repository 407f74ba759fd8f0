import type { Span, TraceContext } from '../ports/tracer.js'
import { parseBaggage } from '../tracer/baggage.js'
import { writeCarrier } from '../tracer/traceparent.js'
import type { Tracer } from '../tracer/tracer.js'
import type { CallMessage, ErrorNote, SpanStep } from './messages.js'

/** Repeats the spans of a guest on the host's tracer, below the span that was current when the run began. */
export interface HostSpans {
  apply(steps: readonly SpanStep[]): void
  /** Runs `fn` where the guest is: with its span as the current one, and its baggage. */
  within<T>(caller: Pick<CallMessage, 'span' | 'baggage'>, fn: () => T): T
  /** Ends what the guest has not ended, as failed when it was for a reason. */
  close(reason?: unknown): void
}

/** @param errorOf Finds the error that a guest mentions. */
export function createHostSpans(tracer: Tracer, errorOf: (note: ErrorNote) => Error): HostSpans {
  const base = tracer.active()
  const job = tracer.activeSpan()
  const open = new Map<number, Span>()

  /** A span that has ended can have children all the same: they are the job's then. */
  function contextOf(parent: (SpanStep & { do: 'start' })['parent']): TraceContext | 'root' {
    if (parent === 'root') return parent
    if (typeof parent === 'object') return tracer.extract(writeCarrier({}, parent), 'root')
    const span = open.get(parent)
    return span ? tracer.withSpan(span, () => tracer.active()) : base
  }

  function apply(step: SpanStep): void {
    if (step.do === 'start') {
      open.set(step.span, tracer.startSpan(step.name, { ...step.options, parent: contextOf(step.parent) }))
      return
    }
    const span = step.span === 0 ? job : open.get(step.span)
    if (!span) return
    if (step.do === 'end') open.delete(step.span)
    repeat(span, step, errorOf)
  }

  return {
    apply: (steps) => steps.forEach(apply),
    within({ span: number, baggage }, fn) {
      const span = open.get(number)
      const work = baggage === undefined ? fn : () => tracer.withBaggage(onlyBaggage(tracer, baggage), fn)
      return tracer.run(base, () => (span ? tracer.withSpan(span, work) : work()))
    },
    close(reason) {
      for (const span of open.values()) (reason === undefined ? span : span.fail(reason)).end()
      open.clear()
    },
  }
}

/** What turns the current baggage into that of a header. */
function onlyBaggage(tracer: Tracer, header: string): Readonly<Record<string, string | undefined>> {
  const gone = Object.fromEntries(Object.keys(tracer.baggage()).map((key) => [key, undefined]))
  return { ...gone, ...parseBaggage(header) }
}

function repeat(span: Span, step: Exclude<SpanStep, { do: 'start' }>, errorOf: (note: ErrorNote) => Error): void {
  switch (step.do) {
    case 'set':
      span.setAll(step.attributes)
      break
    case 'event':
      span.event(step.name, step.attributes)
      break
    case 'link':
      span.link(step.link)
      break
    case 'rename':
      span.rename(step.name)
      break
    case 'fail':
      span.fail(errorOf(step.error))
      break
    case 'failAs':
      span.failAs(step.type, step.message)
      break
    case 'end':
      span.end(step.at)
  }
}
