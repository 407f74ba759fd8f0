import { TriportError } from '../../core/errors.js'
import type { NewJob } from '../../core/ports/job.js'
import type { Ending, EnqueueOutcome, Settlement } from '../../core/ports/queue.js'
import type { JobStore } from './queue-store.js'

/** Lets `enqueue` wait for its jobs. */
export interface Inline {
  /** Stores the jobs, due at once, and resolves when each has ended or was put back. */
  enqueue(jobs: readonly NewJob[], now: number): Promise<readonly EnqueueOutcome[]>
  /** The settlement without its backoff. */
  hurry(settlement: Settlement): Settlement
  /** What follows, due at once. */
  hurryAfter<T extends Ending>(ending: T): T
  /** Says that a worker takes these queues, until the returned function is called. */
  serve(queues: readonly string[]): () => void
}

export function createInline(store: JobStore): Inline {
  const served = new Map<string, number>()
  const waiting = new Map<string, { readonly queue: string; resolve(): void }>()

  function rest(id: string): void {
    waiting.get(id)?.resolve()
    waiting.delete(id)
  }

  /** Nobody runs the jobs of this queue any more: those who wait for them hear that they were put back. */
  function abandon(queue: string): void {
    served.delete(queue)
    for (const [id, job] of waiting) if (job.queue === queue) rest(id)
  }

  store.observe({ stored() {}, cancelRequested() {}, ended: rest, released: rest })

  async function run(job: NewJob, now: number): Promise<EnqueueOutcome> {
    const outcome = store.enqueue(dueAtOnce(job), now)
    if (!outcome.deduplicated) await new Promise<void>((resolve) => waiting.set(job.id, { queue: job.queue, resolve }))
    return outcome
  }

  return {
    async enqueue(jobs, now) {
      const idle = jobs.find(({ queue }) => !served.has(queue))
      if (idle) throw nobodyServes(idle)
      return Promise.all(jobs.map((job) => run(job, now)))
    },
    hurry(settlement) {
      const { outcome } = settlement
      return hurryAfter({ ...settlement, outcome: outcome.type === 'retry' ? { ...outcome, delay: 0 } : outcome })
    },
    hurryAfter,
    serve(queues) {
      for (const queue of queues) served.set(queue, (served.get(queue) ?? 0) + 1)
      return () => {
        for (const queue of queues) {
          const left = (served.get(queue) ?? 0) - 1
          if (left > 0) served.set(queue, left)
          else abandon(queue)
        }
      }
    },
  }
}

function hurryAfter<T extends Ending>(ending: T): T {
  const { enqueue, join } = ending
  return {
    ...ending,
    ...(enqueue ? { enqueue: enqueue.map(dueAtOnce) } : {}),
    ...(join ? { join: { ...join, next: join.next.map(dueAtOnce) } } : {}),
  }
}

function dueAtOnce({ runAt: _, ...job }: NewJob): NewJob {
  return { ...job, delay: 0 }
}

function nobodyServes({ task, queue }: NewJob): TriportError {
  return new TriportError(
    'ERR_UNSUPPORTED',
    `The sync queue runs jobs in the process that enqueues them, and no worker here takes queue "${queue}". ` +
      `Pass task "${task}" in \`tasks\` and leave \`worker\` on.`,
  )
}
