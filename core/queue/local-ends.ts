import type { JobRecord } from '../ports/job.js'

/** What whoever waits for a job learns of its end. */
export interface EndedJob extends Pick<JobRecord, 'id' | 'task' | 'state' | 'error'> {
  readonly result?: string | undefined
}

/**
 * Tells those of a process who wait for jobs which of them its worker has completed, as soon as that is stored, and with the result. What the
 * backend tells comes later, and makes them read it.
 */
export interface LocalEnds {
  listen(ended: (job: EndedJob) => void): void
  ended(job: EndedJob): void
}

export function createLocalEnds(): LocalEnds {
  const listeners: ((job: EndedJob) => void)[] = []
  return {
    listen: (ended) => void listeners.push(ended),
    ended(job) {
      for (const listener of listeners) listener(job)
    },
  }
}
