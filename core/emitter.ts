import type { Report } from './report.js'

/** Stops the calls that `on` started. */
export type Unsubscribe = () => void

/** Calls each listener of an event. A listener that throws is reported and harms nobody else. */
export interface Emitter<Events extends object> {
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void
  /** Whether anybody listens: lets a caller skip building the event. */
  has(name: keyof Events): boolean
}

export function createEmitter<Events extends object>(report: Report): Emitter<Events> {
  const listeners = new Map<keyof Events, Set<(event: never) => void>>()
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(listener))
      return () => void set.delete(listener)
    },
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          ;(listener as (event: Events[typeof name]) => void)(event)
        } catch (error) {
          report(error, { stage: `listener of ${String(name)}` })
        }
      }
    },
    has: (name) => (listeners.get(name)?.size ?? 0) > 0,
  }
}
