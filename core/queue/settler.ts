import { encodeError } from '../codec.js'
import { isTriportError, TriportError } from '../errors.js'
import { type JobMeasures, noJobMeasures } from '../metrics/job-measures.js'
import type { ClaimedJob } from '../ports/job.js'
import type { Outcome, Settlement, SettleReply } from '../ports/queue.js'
import type { Report } from '../report.js'
import { type Member, withFollowers } from '../workflow/member.js'
import type { Attempt } from './attempt.js'
import { type JobLifeStatus, type Life, type LifeOf, resultData } from './broadcast.js'
import { cancelled, cancelledOn } from './cancelled.js'
import type { JobEventName, JobEvents } from './events.js'
import type { Refusal } from './judge.js'
import type { EndedJob, LocalEnds } from './local-ends.js'
import { decodeMeta, type JobMeta } from './meta.js'
import { createOutbox, type Outbox, type Posted } from './outbox.js'
import { jobError } from './records.js'

export interface SettlerDeps {
  readonly report: Report
  /** Called when there is something to settle or a free place. */
  changed(): void
  readonly lifeOf: LifeOf
  readonly events: Pick<JobEvents, 'has' | 'emit'>
  readonly measures?: JobMeasures | undefined
  readonly localEnds?: LocalEnds | undefined
  /** Resolves when all that the attempt has told of itself is stored; `undefined` when it is. */
  pending(attempt: Attempt): Promise<void> | undefined
  /** How long the record of a cancelled job of this task is kept, in milliseconds. */
  keepOf(task: string): number
  /** What the request to cancel this job was stored with, if that can be read. Never rejects. */
  requestOf(id: string): Promise<string | undefined>
}

/** Ends claims, and tells those who want to know. */
export interface Settler {
  readonly outbox: Outbox<EndedClaim>
  /** @param detail The result of a completed attempt, the error of any other. */
  settle(attempt: Attempt, outcome: Outcome, detail: unknown): void
  /** Ends a claim that must not run. */
  refuse(job: ClaimedJob, refusal: Refusal, about?: { readonly meta: JobMeta; readonly member?: Member }): void
  /** Gives back a claim that was not begun. */
  release(job: ClaimedJob): void
  /** Tells trace and metrics that an attempt is over. */
  over(attempt: Attempt, outcome: string, error?: unknown): void
  /** Resolves when every end that was decided on is in the outbox. */
  posted(): Promise<void>
  /** Resolves when the rooms have heard of everything. */
  told(): Promise<void>
}

/** The end of one claim. */
export interface EndedClaim extends Posted {
  readonly settlement: Settlement
  readonly job: ClaimedJob
  readonly about: About
  /** When it was decided on, by `LocalEnds`. */
  readonly moment: number
}

/** Who wants to know of an end, and what. */
interface About {
  readonly detail?: unknown
  readonly life?: Life | undefined
  readonly member?: Member | undefined
  /** Of a job that was to run again: what the request to cancel it was stored with. */
  readonly request?: Promise<string | undefined> | undefined
}

/** A task that is unknown is reported once per this many of its jobs. */
const reportEvery = 1_000

const statuses = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  retry: 'retrying',
  released: 'queued',
} as const satisfies Record<Outcome['type'], JobLifeStatus>

/** A release is no event: nothing has happened to the job. */
const eventNames: Readonly<Record<Outcome['type'], JobEventName | undefined>> = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  retry: 'retried',
  released: undefined,
}

export function createSettler(deps: SettlerDeps): Settler {
  const { report, changed, lifeOf, events, pending, keepOf, requestOf, localEnds, measures = noJobMeasures } = deps
  const held = new Set<Promise<void>>()
  const telling = new Set<Promise<void>>()
  const unknown = new Map<string, number>()
  const outbox = createOutbox<EndedClaim>({ answered, refused })

  function post(job: ClaimedJob, outcome: Outcome, about: About = {}): void {
    const { queue, id, token } = job
    outbox.post({
      settlement: { queue, id, token, ...withFollowers(outcome, about.member) },
      resent: false,
      job,
      about,
      moment: localEnds?.now() ?? 0,
    })
  }

  function answered(ended: EndedClaim, reply: SettleReply): void {
    const { settlement, job, about, resent } = ended
    const { detail, member, request } = about
    if (reply === 'settled') {
      const { outcome } = settlement
      if (measures.enabled) measures.settled(job, outcome)
      // What is not kept is given to nobody, in whatever process: where a worker runs must not decide whether there is a result.
      if (outcome.type === 'completed' && outcome.keep > 0)
        localEnds?.ended(completed(job, outcome.result), ended.moment)
      const told = request ? request.then((text) => tell(ended, cancelledOn(job, text))) : tell(ended, detail)
      if (told) keep(telling, told)
      if (member && 'keep' in outcome) member.ended?.()
    } else if (reply === 'cancelled') {
      // It was to run again, and somebody has cancelled it: it is still ours to end. What follows in its workflow may not be known
      // here: then its lease lapses, and whoever gets it finds that out.
      if (!member && decodeMeta(job.meta).flow) return
      const error = cancelled(job)
      // Read before it ends: then its record may be gone.
      const request = about.life || events.has('cancelled') ? requestOf(job.id) : undefined
      const told = { ...about, detail: error, request }
      post(job, { type: 'cancelled', error: encodeError(error), keep: keepOf(job.task) }, told)
      changed()
    } else if (!resent) tellLost(job, tooLate(job))
  }

  function tellLost({ id, task, queue, deliveries }: ClaimedJob, error: TriportError): void {
    report(error, { stage: 'worker.settle', task, job: id })
    if (events.has('lease_lost')) events.emit({ type: 'lease_lost', id, task, queue, attempts: deliveries, error })
  }

  function emit({ id, task, queue, deliveries }: ClaimedJob, { type }: Outcome, detail: unknown): void {
    const name = eventNames[type]
    if (name === undefined || !events.has(name)) return
    const what = type === 'completed' ? { result: detail } : { error: detail }
    events.emit({ type: name, id, task, queue, attempts: deliveries, ...what })
  }

  function refused({ job }: EndedClaim, error: unknown): void {
    report(error, { stage: 'worker.settle', task: job.task, job: job.id })
  }

  /** Listeners and the room hear of an end when it is stored: whoever asks then finds it. */
  function tell({ settlement: { outcome }, job, about }: EndedClaim, detail: unknown): Promise<void> | undefined {
    emit(job, outcome, detail)
    return about.life && tellRoom(about.life, outcome, detail)
  }

  function isNews({ task }: ClaimedJob, { outcome, error }: Refusal): boolean {
    if (!isTriportError(error, 'ERR_TASK_UNKNOWN')) return outcome.type !== 'cancelled'
    const times = unknown.get(task) ?? 0
    unknown.set(task, times + 1)
    return times % reportEvery === 0
  }

  function over(attempt: Attempt, outcome: string, error?: unknown): void {
    const { span } = attempt
    if (measures.enabled) measures.over(attempt, outcome, error)
    if (!span) return
    span.set('triport.job.outcome', outcome)
    if (error !== undefined) span.fail(error)
    span.end()
  }

  return {
    outbox,
    over,
    settle(attempt, outcome, detail) {
      const { claim, life, task, member } = attempt
      const failed = outcome.type === 'failed' || outcome.type === 'retry'
      if (failed) report(detail, { stage: 'task.run', task: task.name, job: claim.id, attempt: claim.deliveries })
      over(attempt, outcome.type, failed || outcome.type === 'cancelled' ? detail : undefined)
      const about = { detail, life, member }
      // A job that has ended takes no more: what it logged last is stored first.
      const storing = pending(attempt)
      if (storing) keep(held, storing.then(() => post(claim, outcome, about)).then(changed))
      else post(claim, outcome, about)
    },
    refuse(job, refusal, { meta, member } = { meta: {} }) {
      const { outcome, error } = refusal
      if (isNews(job, refusal)) report(error, { stage: 'worker.judge', task: job.task, job: job.id })
      post(job, outcome, {
        detail: error,
        life: meta.room === undefined ? undefined : lifeOf(job.id, meta.room),
        member,
      })
      changed()
    },
    release: (job) => post(job, { type: 'released', delay: 0 }),
    posted: async () => void (await Promise.all(held)),
    told: async () => void (await Promise.all(telling)),
  }
}

function tellRoom(life: Life, { type }: Outcome, detail: unknown): Promise<void> {
  const ok = type === 'completed'
  const data = ok ? resultData(detail) : type === 'released' ? undefined : { error: jobError(detail) }
  return life.tell(statuses[type], data, ok ? 100 : undefined)
}

/** Keeps a promise in a set until it resolves. */
function keep(set: Set<Promise<void>>, promise: Promise<void>): void {
  set.add(promise)
  void promise.finally(() => set.delete(promise))
}

function completed({ id, task }: ClaimedJob, result: string | undefined): EndedJob {
  return { id, task, state: 'completed', result }
}

function tooLate({ id, task }: ClaimedJob): TriportError {
  return new TriportError(
    'ERR_LEASE_LOST',
    `Job ${id} of task "${task}" ended after its lease was lost: another worker may run it too.`,
    {
      details: { job: id, task },
    },
  )
}
