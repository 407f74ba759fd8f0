import type { JobRecord } from '../ports/job.js'

/** What whoever waits for a job learns of its end. */
export interface EndedJob extends Pick<JobRecord, 'id' | 'task' | 'state' | 'error'> {
  readonly result?: string | undefined
}

/**
 * Tells those of a process who wait for jobs which of them its worker has completed, as soon as that is stored, and with the result, if that is
 * kept. What the backend tells comes later, and makes them read it.
 */
export interface LocalEnds {
  /** A moment: higher than those before. */
  now(): number
  /** @param ended Gets the job, and the moment before which it had not ended: who began to wait later may mean another job of this id. */
  listen(ended: (job: EndedJob, moment: number) => void): void
  ended(job: EndedJob, moment: number): void
}

export function createLocalEnds(): LocalEnds {
  const listeners: Parameters<LocalEnds['listen']>[0][] = []
  let moments = 0
  return {
    now: () => ++moments,
    listen: (ended) => void listeners.push(ended),
    ended(job, moment) {
      for (const listener of listeners) listener(job, moment)
    },
  }
}
