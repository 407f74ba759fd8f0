import { TriportError } from '../../core/errors.js'
import type { NewJob } from '../../core/ports/job.js'
import type { Ending, EnqueueOutcome, Settlement } from '../../core/ports/queue.js'
import type { JobStore } from './queue-store.js'

/** Lets `enqueue` wait for its jobs. */
export interface Inline {
  /** Stores the jobs, due at once and without bounds, and resolves when each, and what follows them, has ended, was put back or is paused. */
  enqueue(jobs: readonly NewJob[], now: number): Promise<readonly EnqueueOutcome[]>
  /** The settlement without its backoff. */
  hurry(settlement: Settlement): Settlement
  /** What follows, due at once and without bounds. */
  hurryAfter<T extends Ending>(ending: T): T
  /** Says that a worker takes these queues, until the returned function is called. */
  serve(queues: readonly string[]): () => void
  /** Says that the queue is paused: nobody waits for its jobs that have not begun. */
  pause(queue: string, now: number): void
}

/** One call of `enqueue`. */
interface Call {
  /** How many jobs it waits for. */
  jobs: number
  resolve(): void
}

/** A job that calls wait for. */
interface Awaited {
  readonly queue: string
  readonly calls: Set<Call>
}

export function createInline(store: JobStore): Inline {
  const served = new Map<string, number>()
  const awaited = new Map<string, Awaited>()
  /** The call that is being stored. */
  let current: Call | undefined

  /** Lets calls wait for a job, unless nobody runs it, or not now. */
  function expect({ id, queue }: NewJob, calls: Iterable<Call>): void {
    if (!served.has(queue) || store.isPaused(queue)) return
    const known = awaited.get(id) ?? { queue, calls: new Set() }
    awaited.set(id, known)
    for (const call of calls) {
      if (known.calls.has(call)) continue
      known.calls.add(call)
      call.jobs++
    }
  }

  function rest(id: string): void {
    const known = awaited.get(id)
    awaited.delete(id)
    for (const call of known?.calls ?? []) if (--call.jobs === 0) call.resolve()
  }

  /** Nobody runs the jobs of this queue any more: those who wait for them hear that they were put back. */
  function abandon(queue: string): void {
    served.delete(queue)
    for (const [id, job] of awaited) if (job.queue === queue) rest(id)
  }

  store.observe({
    due({ job }, by) {
      const calls = by === undefined ? current && [current] : awaited.get(by)?.calls
      if (calls) expect(job, calls)
    },
    rested: ({ job }) => rest(job.id),
  })

  function storeAll(jobs: readonly NewJob[], call: Call, now: number): EnqueueOutcome[] {
    current = call
    try {
      return jobs.map((job) => store.enqueue(dueAtOnce(job), now))
    } finally {
      current = undefined
    }
  }

  return {
    async enqueue(jobs, now) {
      const idle = jobs.find(({ queue }) => !served.has(queue))
      if (idle) throw nobodyServes(idle)
      let resolve = () => {}
      const ended = new Promise<void>((done) => {
        resolve = done
      })
      const call: Call = { jobs: 0, resolve }
      const outcomes = storeAll(jobs, call, now)
      if (call.jobs > 0) await ended
      return outcomes
    },
    hurry(settlement) {
      const { outcome } = settlement
      return hurryAfter({ ...settlement, outcome: outcome.type === 'retry' ? { ...outcome, delay: 0 } : outcome })
    },
    hurryAfter,
    pause(queue, now) {
      for (const [id, job] of awaited) {
        if (job.queue === queue && store.get(id, now)?.state !== 'active') rest(id)
      }
    },
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

/** Without a group, too: a job that enqueues another one waits for it, and any bound could let them wait for each other. */
function dueAtOnce({ runAt: _, group: __, ...job }: NewJob): NewJob {
  return { ...job, delay: 0 }
}

function nobodyServes({ task, queue }: NewJob): TriportError {
  return new TriportError(
    'ERR_UNSUPPORTED',
    `The sync queue runs jobs in the process that enqueues them, and no worker here takes queue "${queue}". ` +
      `Pass task "${task}" in \`tasks\` and leave \`worker\` on.`,
  )
}
