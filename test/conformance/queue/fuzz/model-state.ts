import { keptFailures, keptLogLines, type NewJob } from '../../../../core/ports/job.js'
import type {
  Cancellation,
  ClaimRequest,
  Ending,
  EnqueueOutcome,
  Join,
  Outcome,
  ProgressUpdate,
  ReplacedJob,
} from '../../../../core/ports/queue.js'
import { createModelJob, type EndState, hasEnded, isLapsed, type ModelJob, redrive } from './model-job.js'
import { createModelLocks, type ModelHolder } from './model-locks.js'

/** The jobs of a scenario, and what happens to them. */
export interface ModelState {
  now: number
  /** The job, if its record is kept. */
  find(id: string): ModelJob | undefined
  all(): ModelJob[]
  /** @param replies What the driver said, where that is known: it decides what is in doubt. */
  store(jobs: readonly NewJob[], replies?: readonly EnqueueOutcome[]): EnqueueOutcome[]
  /** A lapsed lease may have been found already, and a job that waits because of that may be left to the next claim. */
  isInDoubt(job: ModelJob): boolean
  start(job: ModelJob, token: string, request: ClaimRequest): void
  putBack(job: ModelJob, delay: number): void
  settle(job: ModelJob, outcome: Outcome, ending: Ending): void
  progress(job: ModelJob, update: ProgressUpdate): void
  cancel(job: ModelJob, cancellation: Cancellation): void
  redrive(job: ModelJob): void
  remove(id: string): void
}

export function createModelState(): ModelState {
  const jobs = new Map<string, ModelJob>()
  const joins = new Map<string, Set<number>>()
  const locks = createModelLocks()
  let calls = 0

  function store(added: readonly NewJob[], replies?: readonly EnqueueOutcome[]): EnqueueOutcome[] {
    const call = ++calls
    return added.map((job, place) => {
      const known = state.find(job.id)
      if (known && job.hasten) hasten(known)
      if (known) return { id: job.id, deduplicated: true }
      const keeper = locks.holder(job, state.now)
      const stored = replies?.[place]?.deduplicated === false
      const replaced = keeper && giveWay(keeper, job, stored)
      if (keeper && !replaced) return { id: keeper.id, deduplicated: true }
      jobs.set(job.id, createModelJob(job, { call, place, now: state.now }))
      locks.take(job, state.now)
      return { id: job.id, deduplicated: false, ...(replaced ? { replaced } : {}) }
    })
  }

  function hasten(job: ModelJob): void {
    if (job.state === 'waiting' && job.due > state.now) Object.assign(job, { due: state.now, hurried: true })
  }

  /** A job that has ended may or may not give way when it was redriven. */
  function giveWay({ id, hasEnded: before }: ModelHolder, { lock }: NewJob, stored: boolean): ReplacedJob | undefined {
    const job = state.find(id)
    if (!job || !lock?.replace || hasEnded(job)) return undefined
    if (!(before || state.isInDoubt(job) ? stored : job.state === 'waiting')) return undefined
    job.error = lock.replace.error
    end(job, 'cancelled', lock.replace.keep)
    return { id, meta: job.job.meta, deliveries: job.deliveries }
  }

  function end(job: ModelJob, as: EndState, keep: number): void {
    Object.assign(job, { state: as, endedAt: state.now, keepUntil: state.now + keep, token: undefined })
    locks.free(job.job, 'ended')
  }

  function count({ id, member, size, next }: Join): void {
    const members = joins.get(id) ?? new Set()
    joins.set(id, members)
    if (members.has(member) || members.size === size) return
    if (members.add(member).size === size) store(next)
  }

  function follow({ enqueue, join }: Ending): void {
    if (enqueue) store(enqueue)
    if (join) count(join)
  }

  const state: ModelState = {
    now: 0,
    find(id) {
      const job = jobs.get(id)
      if (!job || !hasEnded(job) || job.keepUntil > state.now) return job
      jobs.delete(id)
      return undefined
    },
    all: () => [...jobs.keys()].flatMap((id) => state.find(id) ?? []),
    store,
    isInDoubt(job) {
      return isLapsed(job, state.now) || (job.state === 'waiting' && job.cancelRequest !== undefined)
    },
    start(job, token, { lease }) {
      Object.assign(job, { state: 'active', token, leaseUntil: state.now + lease, deliveries: job.deliveries + 1 })
      locks.free(job.job, 'claimed')
    },
    putBack(job, delay) {
      Object.assign(job, { state: 'waiting', due: state.now + delay, putBack: true, token: undefined })
    },
    settle(job, outcome, ending) {
      if (outcome.type === 'released') job.deliveries--
      else if (outcome.type === 'completed') Object.assign(job, { error: undefined, result: outcome.result })
      else job.error = (outcome.type === 'cancelled' ? job.cancelRequest : undefined) ?? outcome.error
      if (outcome.type === 'retry' || outcome.type === 'failed') noteFailure(job, outcome.error)
      if (outcome.type === 'failed') job.reason = outcome.reason
      if (outcome.type === 'retry' || outcome.type === 'released') state.putBack(job, outcome.delay)
      else end(job, outcome.type, outcome.keep)
      follow(ending)
    },
    progress(job, { value, log = [] }) {
      job.progress = value ?? job.progress
      job.log = [...job.log, ...log].slice(-keptLogLines)
    },
    cancel(job, cancellation) {
      job.error = cancellation.error
      end(job, 'cancelled', cancellation.keep)
      follow(cancellation)
    },
    redrive: (job) => redrive(job, state.now),
    remove: (id) => void jobs.delete(id),
  }
  return state
}

function noteFailure(job: ModelJob, error: string): void {
  job.failures = [...job.failures, { delivery: job.deliveries, error }].slice(-keptFailures)
}
