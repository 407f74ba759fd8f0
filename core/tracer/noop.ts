import type { Span, TraceContext, TracerDriver } from '../ports/tracer.js'
import { noBaggage } from './baggage.js'

/** The span of a tracer that is off. It keeps nothing. */
export const noopSpan: Span = Object.freeze<Span>({
  recording: false,
  context: () => undefined,
  set: () => noopSpan,
  setAll: () => noopSpan,
  event: () => noopSpan,
  link: () => noopSpan,
  rename: () => noopSpan,
  fail: () => noopSpan,
  failAs: () => noopSpan,
  end() {},
})

const root = Object.freeze({}) as TraceContext
const done = Promise.resolve()

const off: TracerDriver = Object.freeze<TracerDriver>({
  name: 'noop',
  enabled: false,
  startSpan: () => noopSpan,
  withSpan: (_span, fn) => fn(),
  active: () => root,
  activeSpan: () => undefined,
  run: (_context, fn) => fn(),
  baggage: () => noBaggage,
  withBaggage: (_entries, fn) => fn(),
  inject: (carrier) => carrier,
  extract: (_carrier, base = root) => (base === 'root' ? root : base),
  spanContext: () => undefined,
  flush: () => done,
})

/** A tracer that is off: every call passes through and costs next to nothing. */
export function noopTracer(): TracerDriver {
  return off
}
