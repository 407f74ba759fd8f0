import { type Clock, unlessAborted, within } from '../clock.js'
import { encode } from '../codec.js'
import { invalidOption, TriportError } from '../errors.js'
import type { IsolatedRun, Isolates } from '../isolation/isolates.js'
import type { ClaimedJob } from '../ports/job.js'
import type { Span } from '../ports/tracer.js'
import type { Report } from '../report.js'
import type { Rooms } from '../rooms/hub.js'
import type { Tracer } from '../tracer/tracer.js'
import type { Member } from '../workflow/member.js'
import type { Backoff } from './backoff.js'
import { type Life, roomPatience } from './broadcast.js'
import { cancelledOn } from './cancelled.js'
import type { Deadline } from './deadlines.js'
import { pastDeadline } from './judge.js'
import { lineText } from './log.js'
import type { JobMeta } from './meta.js'
import type { Interruption } from './outcome.js'
import type { ProgressWriter } from './progress.js'
import type { TaskQueue } from './queue.js'
import type { AnyTask, TaskContext } from './task.js'

/** What all attempts of a worker share. */
export interface AttemptHost {
  readonly clock: Clock
  readonly queue: TaskQueue
  readonly rooms: Rooms
  readonly tracer: Tracer
  readonly progress: ProgressWriter
  readonly report: Report
  /** Where isolated tasks run; there are none without it. */
  readonly isolates?: Isolates | undefined
  /** Called when the attempt has not returned by the end of its grace. */
  overdue(attempt: Attempt): void
  /** Called when `at` is another one. */
  watch(attempt: Attempt): void
  lost(attempt: Attempt, error: TriportError): void
  /** Called when the attempt has told how far it is. */
  progressed(attempt: Attempt): void
}

/** What an attempt begins with. */
export interface AttemptStart extends Pick<Attempt, 'claim' | 'task' | 'meta' | 'leaseUntil'> {
  /** Milliseconds until the deadline of the job. */
  readonly left: number
}

/**
 * One attempt of a job in this worker: the claim, the context that its code gets, and its deadline.
 *
 * `running` until it returns. At the end of its grace it is settled without waiting for it (`detached`) and keeps its place
 * in the pool. `lost`: another worker has the job. `ended`: it returned.
 */
export class Attempt implements TaskContext, Deadline {
  readonly claim: ClaimedJob
  readonly task: AnyTask
  /** For the job of a workflow it is complete when what that needs was read. */
  meta: JobMeta
  readonly jobId: string
  readonly key: string | undefined
  readonly attempt: number
  /** Until when the lease is held at least, on the clock's `monotonic` scale. */
  leaseUntil: number
  state: 'running' | 'detached' | 'lost' | 'ended' = 'running'
  /** Its code was reached: the input was valid. */
  begun = false
  interruption: Interruption | undefined
  reason: TriportError | undefined
  /** When the time of the attempt, or its grace, is up. */
  at: number
  /** On the clock's `monotonic` scale. */
  readonly begunAt: number
  /** When the deadline of the job comes, on the clock's `monotonic` scale. */
  readonly deadlineAt: number
  /** What follows the job in its workflow. */
  member: Member | undefined
  life: Life | undefined
  span: Span | undefined
  /** Its code, when that runs apart. */
  isolated: IsolatedRun | undefined
  private controller: AbortController | undefined

  constructor(
    { claim, task, meta, leaseUntil, left }: AttemptStart,
    private readonly host: AttemptHost,
  ) {
    this.claim = claim
    this.task = task
    this.meta = meta
    this.leaseUntil = leaseUntil
    this.jobId = claim.id
    this.key = claim.key
    this.attempt = claim.deliveries
    const now = host.clock.monotonic()
    this.begunAt = now
    this.deadlineAt = now + left
    this.at = Math.min(now + task.policy.timeout, this.deadlineAt)
  }

  get maxRetries(): number {
    return this.meta.maxRetries ?? this.task.policy.maxRetries
  }

  get backoff(): Backoff {
    const { backoff } = this.task.policy
    return this.meta.backoff ? { ...backoff, ...this.meta.backoff } : backoff
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController()
      if (this.reason) this.controller.abort(this.reason)
    }
    return this.controller.signal
  }

  get rooms(): Rooms {
    return this.host.rooms
  }

  get tracer(): Tracer {
    return this.host.tracer
  }

  get enqueue(): TaskContext['enqueue'] {
    return this.host.queue.enqueue
  }

  get progress(): TaskContext['progress'] {
    return (percent, data) => {
      const told = this.report(percent, data)
      // A task need not wait for its progress: what is wrong with it must not end the process.
      told.catch((error) => {
        if (error !== this.reason)
          this.host.report(error, { stage: 'task.progress', task: this.task.name, job: this.jobId })
      })
      return told
    }
  }

  get log(): TaskContext['log'] {
    return (message, data) => {
      if (this.state !== 'running') return
      const line = lineText({ at: new Date(this.host.clock.now()), attempt: this.attempt, message, data })
      void this.host.progress.write(this, { line })
    }
  }

  /** Runs the code of the task. */
  run(input: unknown): unknown {
    const { task, host } = this
    if (!task.isolation || !host.isolates) return task.run(input as never, this)
    this.isolated = host.isolates.run({ task, isolation: task.isolation, input, ctx: this })
    return this.isolated.result
  }

  /** Asks the attempt to end. It has its grace to do so; only the first reason counts. */
  interrupt(interruption: Interruption, reason: TriportError): void {
    if (this.state !== 'running' || this.interruption !== undefined) return
    this.interruption = interruption
    this.reason = reason
    this.wait(this.task.policy.grace)
    this.controller?.abort(reason)
  }

  /** The job was cancelled while it runs. @param request What the request was stored with, if that is known. */
  cancel(request: string | undefined): void {
    this.interrupt('cancelled', cancelledOn(this.claim, request))
  }

  /** Its lease could not be renewed in time: another worker may have the job. Only the backend knows, so it is settled as usual. */
  lapse(): void {
    if (this.state !== 'running' || this.interruption !== undefined) return
    const reason = leaseLost(this)
    this.host.lost(this, reason)
    this.interrupt('lost', reason)
  }

  /** Its lease is another worker's, or nobody's: there is nothing left to settle. */
  lose(): void {
    if (this.state !== 'running') return
    this.state = 'lost'
    this.interruption = 'lost'
    this.reason = leaseLost(this)
    this.wait(this.task.policy.grace)
    this.host.lost(this, this.reason)
    this.controller?.abort(this.reason)
  }

  /** It is overdue when it has not returned in this many milliseconds. */
  wait(ms: number): void {
    this.at = this.host.clock.monotonic() + ms
    this.host.watch(this)
  }

  due(): void {
    if (this.interruption !== undefined) this.host.overdue(this)
    else if (this.at < this.deadlineAt) this.interrupt('timeout', timedOut(this))
    else this.interrupt('deadline', pastDeadline(this.claim, this.meta.deadline ?? this.task.policy.deadline))
  }

  private async report(percent: number, data: object | undefined): Promise<void> {
    if (!(percent >= 0 && percent <= 100)) {
      throw invalidOption(`progress is ${String(percent)}. Give a number from 0 to 100.`)
    }
    const value = encode(data === undefined ? { percent } : { percent, data }, {
      what: `Progress of job ${this.jobId}`,
    })
    if (this.state !== 'running') return
    this.host.progressed(this)
    const told = this.life?.tell('running', data, percent)
    const stored = this.host.progress.write(this, { value })
    // Told to end while the backend is away, it must not wait for that longer than its grace. Later calls may say how it ends.
    await unlessAborted(stored, this.interruption === undefined ? this.signal : undefined)
    if (told) await within(this.host.clock, roomPatience, told)
  }
}

function timedOut({ task }: Attempt): TriportError {
  return new TriportError(
    'ERR_TASK_TIMEOUT',
    `An attempt of task "${task.name}" took longer than ${task.policy.timeout} ms.`,
  )
}

function leaseLost({ jobId, task }: Attempt): TriportError {
  return new TriportError(
    'ERR_LEASE_LOST',
    `The lease of job ${jobId} of task "${task.name}" was lost: another worker may have it.`,
    {
      details: { job: jobId, task: task.name },
    },
  )
}
