import type { JobSignal } from '../../core/ports/queue.js'
import type { JobEntry } from './job-entry.js'

/** What a store tells, in the middle of the step in which it happens: to be noted, and acted on later. */
export interface Observer {
  /** A job of this queue may be claimed, now or later. */
  readonly wake?: (queue: string) => void
  /** Cancellation of an active job was requested. */
  readonly cancelRequested?: (id: string) => void
  /** A job was stored or hastened: because the job `by` ended, or by a caller. */
  readonly due?: (entry: JobEntry, by: string | undefined) => void
  /** A job has ended or was released, and what follows it is stored. */
  readonly rested?: (entry: JobEntry) => void
  readonly event?: (type: JobSignal['type'], entry: JobEntry) => void
}

/** Tells observers. What nobody wants to hear costs next to nothing. */
export interface Audience extends Required<Observer> {
  /** Tells this observer too, until the returned function is called. */
  observe(observer: Observer): () => void
}

type Heard<Kind extends keyof Observer> = readonly NonNullable<Observer[Kind]>[]

export function createAudience(): Audience {
  const observers = new Set<Observer>()
  let wake: Heard<'wake'> = []
  let cancelRequested: Heard<'cancelRequested'> = []
  let due: Heard<'due'> = []
  let rested: Heard<'rested'> = []
  let event: Heard<'event'> = []

  function changed(): void {
    const all = [...observers]
    wake = all.flatMap((observer) => observer.wake ?? [])
    cancelRequested = all.flatMap((observer) => observer.cancelRequested ?? [])
    due = all.flatMap((observer) => observer.due ?? [])
    rested = all.flatMap((observer) => observer.rested ?? [])
    event = all.flatMap((observer) => observer.event ?? [])
  }

  return {
    observe(observer) {
      observers.add(observer)
      changed()
      return () => {
        observers.delete(observer)
        changed()
      }
    },
    wake(queue) {
      for (const hear of wake) hear(queue)
    },
    cancelRequested(id) {
      for (const hear of cancelRequested) hear(id)
    },
    due(entry, by) {
      for (const hear of due) hear(entry, by)
    },
    rested(entry) {
      for (const hear of rested) hear(entry)
    },
    event(type, entry) {
      for (const hear of event) hear(type, entry)
    },
  }
}
