import type { NewJob } from '../../../../core/ports/job.js'

export interface ModelHolder {
  readonly id: string
  /** It has ended once and holds on for a time. */
  readonly hasEnded: boolean
}

/** Who holds which lock. */
export interface ModelLocks {
  /** Who holds the lock that this job asks for. */
  holder(job: NewJob, now: number): ModelHolder | undefined
  take(job: NewJob, now: number): void
  /** The job was claimed, or it has ended. */
  free(job: NewJob, event: 'claimed' | 'ended'): void
}

export function createModelLocks(): ModelLocks {
  const locks = new Map<string, ModelHolder & { readonly until: 'claimed' | 'ended' | number }>()
  const nameOf = ({ queue, lock }: NewJob) => `${queue} ${lock?.key}`
  return {
    holder(job, now) {
      const held = job.lock && locks.get(nameOf(job))
      return held && (typeof held.until === 'string' || held.until > now) ? held : undefined
    },
    take(job, now) {
      if (!job.lock) return
      const { until } = job.lock
      locks.set(nameOf(job), { id: job.id, hasEnded: false, until: typeof until === 'number' ? now + until : until })
    },
    free(job, event) {
      const held = locks.get(nameOf(job))
      if (held?.id !== job.id) return
      if (typeof held.until !== 'number') {
        if (held.until === event || event === 'ended') locks.delete(nameOf(job))
      } else if (event === 'ended') locks.set(nameOf(job), { ...held, hasEnded: true })
    },
  }
}
