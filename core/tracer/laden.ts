import type { Baggage } from '../ports/tracer.js'
import { noBaggage } from './baggage.js'

/** A context that has baggage. One that has none is its span itself, so that the usual case allocates nothing. */
export class Laden<S extends object> {
  constructor(
    readonly span: S | undefined,
    readonly baggage: Baggage,
  ) {}
}

/** What is current at one point of the program. */
export type Scope<S extends object> = S | Laden<S>

export function scopeWith<S extends object>(span: S | undefined, baggage: Baggage): Scope<S> | undefined {
  return baggage === noBaggage ? span : new Laden(span, baggage)
}

export function spanOf<S extends object>(scope: Scope<S> | undefined): S | undefined {
  return scope instanceof Laden ? scope.span : scope
}

export function baggageOf(scope: object | undefined): Baggage {
  return scope instanceof Laden ? scope.baggage : noBaggage
}
