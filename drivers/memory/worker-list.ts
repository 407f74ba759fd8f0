import type { WorkerRecord } from '../../core/ports/workers.js'

/** The workers that announced themselves. */
export interface WorkerList {
  announce(worker: Pick<WorkerRecord, 'id' | 'info'> & { readonly ttl: number }, now: number): void
  withdraw(id: string): void
  all(now: number): WorkerRecord[]
}

export function createWorkerList(): WorkerList {
  const workers = new Map<string, WorkerRecord & { readonly until: number }>()
  return {
    announce({ id, info, ttl }, now) {
      workers.set(id, { id, info, seenAt: now, until: now + ttl })
    },
    withdraw: (id) => void workers.delete(id),
    all(now) {
      for (const [id, { until }] of workers) if (until <= now) workers.delete(id)
      return Array.from(workers.values(), ({ id, info, seenAt }) => ({ id, info, seenAt })).sort((left, right) =>
        left.id < right.id ? -1 : 1,
      )
    },
  }
}
