import type { Report } from './report.js'

/** Stops the calls that `on` started. */
export type Unsubscribe = () => void

/** Calls each listener of an event. A listener that throws, or rejects, is reported and harms nobody else. */
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
      const failed = (error: unknown) => report(error, { stage: `listener of ${String(name)}` })
      for (const listener of listeners.get(name) ?? []) {
        try {
          const told = (listener as (event: Events[typeof name]) => unknown)(event)
          if (told instanceof Promise) told.catch(failed)
        } catch (error) {
          failed(error)
        }
      }
    },
    has: (name) => (listeners.get(name)?.size ?? 0) > 0,
  }
}
