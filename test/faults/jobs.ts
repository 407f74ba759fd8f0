import { setTimeout as pause } from 'node:timers/promises'
import { TriportError } from '../../core/errors.js'
import type { Job } from '../../core/queue/job.js'
import type { Runtime } from '../../core/runtime.js'
import type { Child } from './child.js'
import type { JobFigures } from './figures.js'
import type { Deed } from './ledger.js'
import { type Load, steadily } from './load.js'
import type { TaskName } from './orders.js'
import { programTask, type Work } from './tasks.js'

/** What becomes of the jobs of one scenario. */
export interface Jobs {
  /** Enqueues a job. Resolves when that is acknowledged or refused. */
  enqueue(work?: Partial<Omit<Work, 'n'>>, task?: TaskName): Promise<void>
  /** Enqueues a job every so many milliseconds until it is stopped. */
  steadily(every: number): Load
  /** Numbers of the jobs that were acknowledged. */
  readonly acknowledged: ReadonlyMap<number, Acknowledgement>
  /** How many jobs of this scenario a process has begun, and completed. */
  startedBy(child: Child): number
  completedBy(child: Child): number
  /** How long after this moment a job was completed that was sent later; `undefined` when none was. */
  recovery(since: number): number | undefined
  /** How long after the death of a worker the last of its jobs ran again; `undefined` when one has not. */
  rerun(dead: Child, since: number): number | undefined
  /** Waits until they have all ended, or nothing more can be hoped for. */
  settle(patience: number): Promise<void>
  /** How many of the lost ones were sent after this moment. */
  lostSince(moment: number): number
  figures(): JobFigures
}

export interface Acknowledgement {
  readonly job: Job
  /** When it was sent. */
  readonly begun: number
}

const tasks: Readonly<Record<TaskName, ReturnType<typeof programTask>>> = {
  count: programTask('count'),
  held: programTask('held'),
}

let numbers = 0

/** Follows the jobs of a scenario. `children` are all processes that may have run some. */
export function followJobs(runtime: Runtime, children: () => readonly Child[]): Jobs {
  const acknowledged = new Map<number, Acknowledgement>()
  const lost = new Set<number>()
  let refused = 0
  let slowest = 0

  async function enqueue({ ms = 20, first = ms }: Partial<Work> = {}, task: TaskName = 'count'): Promise<void> {
    const n = ++numbers
    const begun = Date.now()
    const start = performance.now()
    try {
      const job = await runtime.queue.enqueue(tasks[task], { n, ms, first })
      acknowledged.set(n, { job, begun })
    } catch (error) {
      if (!(error instanceof TriportError && error.retryable)) throw error
      refused++
    }
    slowest = Math.max(slowest, performance.now() - start)
  }

  function entries() {
    const mine = children().flatMap((child) => child.ledger())
    return mine.filter(({ deed, subject }) => deed !== 'reported' && acknowledged.has(Number(subject)))
  }

  function jobsOf(child: Child, wanted: Deed): Set<string> {
    const mine = child.ledger().filter(({ deed, subject }) => deed === wanted && acknowledged.has(Number(subject)))
    return new Set(mine.map(({ subject }) => subject))
  }

  function completed(): Set<number> {
    return new Set(entries().flatMap(({ deed, subject }) => (deed === 'completed' ? [Number(subject)] : [])))
  }

  /** A worker may have had no confirmation of a job that is completed. Then the backend knows. */
  async function missing(): Promise<number[]> {
    const known = completed()
    const open = [...acknowledged].filter(([n]) => !known.has(n))
    const states = await Promise.all(open.map(([, { job }]) => job.status().catch(() => undefined)))
    return open.flatMap(([n], index) => (states[index]?.state === 'completed' ? [] : [n]))
  }

  return {
    enqueue,
    steadily: (every) => steadily(every, () => enqueue()),
    acknowledged,
    startedBy: (child) => jobsOf(child, 'ran').size,
    completedBy: (child) => jobsOf(child, 'completed').size,
    recovery(since) {
      const after = entries().filter(({ deed, subject }) => {
        return deed === 'completed' && (acknowledged.get(Number(subject))?.begun ?? 0) >= since
      })
      return after.length === 0 ? undefined : Math.min(...after.map(({ at }) => at)) - since
    },
    rerun(dead, since) {
      const cut = dead.ledger().filter(({ deed, subject }) => deed === 'ran' && !endedBy(dead, subject))
      const later = entries().filter(({ deed, at }) => deed === 'ran' && at >= since)
      const times = cut.map(({ subject }) => later.find((entry) => entry.subject === subject)?.at ?? Infinity)
      return times.includes(Infinity) ? undefined : Math.max(...times) - since
    },
    async settle(patience) {
      const end = performance.now() + patience
      let open = await missing()
      for (; open.length > 0 && performance.now() < end; open = await missing()) await pause(100)
      for (const n of open) lost.add(n)
    },
    lostSince: (moment) => [...lost].filter((n) => (acknowledged.get(n)?.begun ?? 0) >= moment).length,
    figures() {
      const runs = tally(entries().filter(({ deed }) => deed === 'ran'))
      const settled = tally(entries().filter(({ deed }) => deed === 'completed'))
      return {
        acknowledged: acknowledged.size,
        refused,
        slowestEnqueue: Math.round(slowest),
        lost: lost.size,
        settledTwice: [...settled.values()].filter((times) => times > 1).length,
        ranAgain: [...runs.values()].filter((times) => times > 1).length,
      }
    },
  }
}

function endedBy(child: Child, job: string): boolean {
  return child.ledger().some(({ deed, subject }) => deed === 'completed' && subject === job)
}

function tally(entries: readonly { readonly subject: string }[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { subject } of entries) times.set(subject, (times.get(subject) ?? 0) + 1)
  return times
}
