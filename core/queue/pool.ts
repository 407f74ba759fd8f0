import type { Clock } from '../clock.js'
import { decodeError } from '../codec.js'
import { errorFrom, TriportError } from '../errors.js'
import type { Isolates } from '../isolation/isolates.js'
import { type JobMeasures, noJobMeasures } from '../metrics/job-measures.js'
import type { ClaimedJob } from '../ports/job.js'
import type { Outcome } from '../ports/queue.js'
import type { Report } from '../report.js'
import type { Rooms } from '../rooms/hub.js'
import { validate } from '../schema.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import type { Tracer } from '../tracer/tracer.js'
import { isHelperTask } from '../workflow/helper-tasks.js'
import { type Members, unlessUnread } from '../workflow/members.js'
import { Verdict } from '../workflow/verdict.js'
import { Attempt, type AttemptHost } from './attempt.js'
import type { LifeOf } from './broadcast.js'
import { createDeadlines } from './deadlines.js'
import type { JobEventName, JobEvents, LocalJobEvent } from './events.js'
import { judge, judgeUnknown, type Refusal } from './judge.js'
import { decodeMeta, type FlowNote, type JobMeta } from './meta.js'
import { type MiddlewareChain, noMiddleware } from './middleware.js'
import { type AttemptEnd, decideOutcome } from './outcome.js'
import type { ProgressWriter } from './progress.js'
import type { TaskQueue } from './queue.js'
import type { Settler } from './settler.js'
import type { TaskRegistry } from './task.js'
import { processSpan } from './trace.js'

export interface PoolDeps {
  readonly settler: Settler
  readonly tasks: TaskRegistry
  readonly queue: TaskQueue
  readonly rooms: Rooms
  readonly tracer: Tracer
  readonly clock: Clock
  random(): number
  readonly report: Report
  /** Names the worker in spans. */
  readonly worker: string
  /** How spans name the queue. @default bothNames */
  readonly messaging?: MessagingSystem
  readonly measures?: JobMeasures
  /** The driver is inline. */
  readonly inline: boolean
  readonly progress: ProgressWriter
  readonly events: Pick<JobEvents, 'has' | 'emit'>
  readonly middleware?: MiddlewareChain
  readonly isolates?: Isolates | undefined
  readonly members: Members
  readonly lifeOf: LifeOf
  /** Called when there is something to settle or a free place. */
  changed(): void
  /** Runs the code of an attempt. */
  enter<T>(fn: () => T): T
}

/** The jobs that run in this process. */
export interface Pool {
  /** The attempts that hold a place, those included that were settled before they returned. */
  readonly attempts: ReadonlySet<Attempt>
  /** Runs a claimed job, or settles it when it must not run. Never throws. */
  run(job: ClaimedJob, leaseUntil: number): void
  /** Aborts every running attempt, so that it goes back to the queue. */
  abort(): void
  /** Settles every attempt that has not returned, but ends its thread first when it has one. */
  detach(): void
  /** Resolves when every attempt is settled. */
  idle(): Promise<void>
  close(): void
}

/** How long an ended thread may take to be gone, in milliseconds: native code that it runs can hold it up. */
const exitWait = 5_000

export function createPool(deps: PoolDeps): Pool {
  const { tasks, tracer, clock, random, report, worker, inline, enter, settler, events, members } = deps
  const { middleware = noMiddleware, messaging, measures = noJobMeasures } = deps
  const attempts = new Set<Attempt>()
  const deadlines = createDeadlines(clock)
  const host: AttemptHost = { ...deps, overdue, lost, progressed, watch: deadlines.add }
  let whenIdle: (() => void)[] = []

  function begin(attempt: Attempt, input: unknown): void {
    const { flow } = attempt.meta
    attempts.add(attempt)
    deadlines.add(attempt)
    if (measures.enabled) measures.begun(attempt)
    if (events.has('started')) events.emit(eventOf(attempt, 'started'))
    if (flow) void openMember(attempt, flow, input)
    else launch(attempt, input)
  }

  /** The job of a workflow may have to read what it gets. */
  async function openMember(attempt: Attempt, flow: FlowNote, payload: unknown): Promise<void> {
    try {
      const input = await members.open(attempt, flow, payload)
      if (attempt.interruption) end(attempt, { ok: false, error: attempt.reason })
      else launch(attempt, input)
    } catch (error) {
      end(attempt, { ok: false, error })
    }
  }

  function launch(attempt: Attempt, input: unknown): void {
    const { claim, meta } = attempt
    if (tracer.enabled) {
      const span = tracer.startSpan(
        `process ${claim.queue}`,
        processSpan(tracer, { job: claim, meta, worker, messaging }),
      )
      attempt.span = span
      tracer.withSpan(span, () => execute(attempt, input))
    } else execute(attempt, input)
  }

  function execute(attempt: Attempt, input: unknown): void {
    const { meta, span, task } = attempt
    const own = isHelperTask(task.name)
    if (meta.room !== undefined) {
      attempt.life = deps.lifeOf(attempt.jobId, meta.room, span)
      if (!own) void attempt.life.tell('running')
    }
    let ending: AttemptEnd
    try {
      const returned = enter(() => call(attempt, input, own ? undefined : middleware.run))
      if (isThenable(returned)) {
        follow(attempt, returned)
        return
      }
      ending = { ok: true, value: returned }
    } catch (error) {
      ending = { ok: false, error: errorFrom(error) }
    }
    end(attempt, ending)
  }

  function follow(attempt: Attempt, returned: PromiseLike<unknown>): void {
    returned.then(
      (value) => end(attempt, { ok: true, value }),
      (error: unknown) => end(attempt, { ok: false, error: errorFrom(error) }),
    )
  }

  function end(attempt: Attempt, ending: AttemptEnd): void {
    const { state } = attempt
    attempt.state = 'ended'
    attempts.delete(attempt)
    deadlines.delete(attempt)
    if (state === 'running') settle(attempt, ending)
    else if (state === 'lost') settler.over(attempt, 'lost', attempt.reason)
    changed()
  }

  /** An attempt that ignores its signal: its thread is ended. Without one it is settled now, and holds its place until it returns. */
  function overdue(attempt: Attempt): void {
    if (attempt.isolated?.terminate()) {
      attempt.wait(exitWait)
      return
    }
    const { state, reason, jobId, task } = attempt
    if (state === 'running') {
      attempt.state = 'detached'
      settle(attempt, { ok: false, error: reason })
    }
    report(overlap(attempt), { stage: 'task.overlap', task: task.name, job: jobId })
    changed()
  }

  function progressed(attempt: Attempt): void {
    if (events.has('progressed')) events.emit(eventOf(attempt, 'progressed'))
  }

  function lost(attempt: Attempt, error: TriportError): void {
    report(error, { stage: 'worker.lease', task: attempt.task.name, job: attempt.jobId })
    if (events.has('lease_lost')) events.emit({ ...eventOf(attempt, 'lease_lost'), error })
  }

  function settle(attempt: Attempt, ending: AttemptEnd): void {
    if (!ending.ok && ending.error instanceof Verdict) {
      settler.settle(attempt, ending.error.outcome, ending.error.detail)
      return
    }
    const { task, interruption, reason, begun, claim, maxRetries, backoff, deadlineAt } = attempt
    const { retryOn } = task.policy
    const outcome = decideOutcome({
      task: task.name,
      ending,
      interruption,
      reason,
      begun,
      deliveries: claim.deliveries,
      maxRetries,
      backoff,
      // Inline, a retry does not wait for its backoff.
      left: inline ? Number.POSITIVE_INFINITY : deadlineAt - clock.monotonic(),
      retryOn: retryOn && ((error) => isWorthRetry(retryOn, error, attempt)),
      policy: task.policy,
      random: random(),
    })
    const detail = ending.ok ? (errorOf(outcome) ?? ending.value) : (reason ?? ending.error)
    settler.settle(attempt, unlessUnread(attempt, outcome), detail)
  }

  async function refuseMember(job: ClaimedJob, judgement: Refusal, meta: JobMeta, flow: FlowNote): Promise<void> {
    try {
      settler.refuse(job, judgement, { meta, member: await members.memberOf(flow, job.id) })
    } catch (error) {
      // What follows it is not known, so it must not end: its lease lapses, and it is judged again.
      report(error, { stage: 'worker.judge', task: job.task, job: job.id })
    }
  }

  /** A `retryOn` that throws must not keep its job from being settled. */
  function isWorthRetry(retryOn: (error: unknown) => boolean, error: unknown, { task, jobId }: Attempt): boolean {
    try {
      return retryOn(error)
    } catch (thrown) {
      report(thrown, { stage: 'task.retryOn', task: task.name, job: jobId })
      return true
    }
  }

  function changed(): void {
    deps.changed()
    if (whenIdle.length === 0 || running().length > 0) return
    for (const resolve of whenIdle) resolve()
    whenIdle = []
  }

  function running(): Attempt[] {
    return [...attempts].filter(({ state }) => state === 'running')
  }

  return {
    attempts,
    run(job, leaseUntil) {
      const task = tasks.get(job.task)
      if (!task) {
        settler.refuse(job, judgeUnknown(job))
        return
      }
      const meta = decodeMeta(job.meta)
      const judgement = judge(job, task, meta)
      if (judgement.run) {
        const { input, left } = judgement
        begin(new Attempt({ claim: job, task, meta, leaseUntil, left }, host), input)
      } else if (meta.flow) void refuseMember(job, judgement, meta, meta.flow)
      else settler.refuse(job, judgement, { meta })
    },
    abort() {
      const reason = new TriportError('ERR_WORKER_STOPPING', 'The worker stops. The job goes back to its queue.')
      for (const attempt of running()) attempt.interrupt('stopping', reason)
    },
    detach() {
      for (const attempt of running()) overdue(attempt)
    },
    idle: () => (running().length === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
    close: deadlines.close,
  }
}

function call(attempt: Attempt, input: unknown, around: MiddlewareChain['run']): unknown {
  const { task } = attempt
  if (!task.input) return runCode(attempt, input, around)
  const valid = validate(task.input, input, `Input of task "${task.name}"`)
  return valid.then((value) => runCode(attempt, value, around))
}

function runCode(attempt: Attempt, input: unknown, around: MiddlewareChain['run']): unknown {
  const { task } = attempt
  attempt.begun = true
  if (!around) return attempt.run(input)
  return around({ task, input, ctx: attempt }, (given) => attempt.run(given))
}

function eventOf({ jobId, task, claim }: Attempt, type: JobEventName): LocalJobEvent {
  return { type, id: jobId, task: task.name, queue: claim.queue, attempts: claim.deliveries }
}

/** What went wrong with a job whose code had returned. */
function errorOf(outcome: Outcome): Error | undefined {
  return 'error' in outcome ? decodeError(outcome.error) : undefined
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function overlap({ jobId, task, reason }: Attempt): TriportError {
  return new TriportError(
    reason?.code ?? 'ERR_TASK_TIMEOUT',
    `Task "${task.name}" was told to end and still runs after its grace. The next attempt of job ${jobId} may run beside it. Obey ctx.signal.`,
    { cause: reason, details: { job: jobId, task: task.name } },
  )
}
