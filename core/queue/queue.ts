import type { Clock } from '../clock.js'
import { invalidOption, TriportError } from '../errors.js'
import type { Ids } from '../ids.js'
import type { Late } from '../late.js'
import { type JobMeasures, noJobMeasures } from '../metrics/job-measures.js'
import type { EnqueueOutcome, QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import type { Rooms } from '../rooms/hub.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import type { Tracer } from '../tracer/tracer.js'
import type { FlowCache } from '../workflow/flow-cache.js'
import { createFlows } from '../workflow/flows.js'
import { helperTasks } from '../workflow/helper-tasks.js'
import { createSubmitter, type Submission } from '../workflow/submit.js'
import { type AnyWorkflow, isWorkflow } from '../workflow/workflow.js'
import type { WorkflowOptions } from '../workflow/workflow-options.js'
import { createAccess, JobHandle } from './access.js'
import type { Ask } from './answer.js'
import { broadcastLife } from './broadcast.js'
import { createBulk, type EnqueueItem, type EnqueueManyOutcome } from './bulk.js'
import { createCanceller } from './canceller.js'
import { createControl, type QueueControl } from './control.js'
import { createDeadlines } from './deadlines.js'
import { createEnqueuer } from './enqueuer.js'
import type { JobEventSource, JobEvents } from './events.js'
import type { Job, JobStatus } from './job.js'
import type { LocalEnds } from './local-ends.js'
import type { LocalWakes } from './local-wakes.js'
import { type MiddlewareChain, noMiddleware } from './middleware.js'
import { type JobRequest, jobRequest, type PreparedJob, prepareJob, traced } from './new-job.js'
import { createResults } from './result.js'
import type {
  AnyTask,
  ArgumentsFor,
  EnqueueArguments,
  InputOf,
  OutputOf,
  TaskMeant,
  TaskNamed,
  TaskRegistry,
} from './task.js'
import { enqueueSpan, traceNotes, waitOf } from './trace.js'
import { duplicate, replacedBy } from './unique.js'
import { type WorkerStatus, workerStatuses } from './worker-info.js'

/** Enqueues jobs, follows them, and controls their queues. */
export interface TaskQueue<Tasks extends readonly AnyTask[] = readonly AnyTask[]> extends JobEventSource, QueueControl {
  /**
   * Enqueues a job of a task, given as such or by the name of a registered one, or a workflow. Resolves when it is stored.
   *
   * A workflow is one job as well, which stands for the whole. Its input is for those of its first steps that have none of their own. One
   * with more than a thousand first steps is stored in several calls of the backend; give it an `id`, and the same call completes what
   * was interrupted.
   *
   * @throws `ERR_INPUT_INVALID`, `ERR_TASK_UNKNOWN`, `ERR_OPTION_INVALID`, `ERR_VALUE_UNSUPPORTED`, `ERR_PAYLOAD_TOO_LARGE`
   *   (1 MB), `ERR_WORKFLOW_INVALID`, `ERR_JOB_DUPLICATE` (`unique` with `onConflict: 'reject'`), `ERR_UNSUPPORTED` (`tx` with a driver that has no
   *   transactions), `ERR_NOT_STARTED`; retryable: `ERR_ENQUEUE_TIMEOUT`, `ERR_DRIVER_UNAVAILABLE`.
   */
  enqueue<T extends AnyTask | AnyWorkflow>(task: T, ...args: ArgumentsFor<T>): Promise<Job<OutputOf<T>>>
  enqueue<Name extends Tasks[number]['name']>(
    name: Name,
    ...args: EnqueueArguments<InputOf<TaskNamed<Tasks, Name>>>
  ): Promise<Job<OutputOf<TaskNamed<Tasks, Name>>>>
  /** The same as `enqueue`. */
  delay<T extends AnyTask | AnyWorkflow>(task: T, ...args: ArgumentsFor<T>): Promise<Job<OutputOf<T>>>
  delay<Name extends Tasks[number]['name']>(
    name: Name,
    ...args: EnqueueArguments<InputOf<TaskNamed<Tasks, Name>>>
  ): Promise<Job<OutputOf<TaskNamed<Tasks, Name>>>>
  /**
   * Enqueues many jobs, `{ task, input, options }` each, with few calls of the backend. Each item succeeds or fails by itself; outcomes are
   * in the order of `items`.
   *
   * @throws `ERR_OPTION_INVALID` for something else than an array.
   */
  enqueueMany<const T extends readonly (AnyTask | Tasks[number]['name'])[]>(
    items: { readonly [I in keyof T]: EnqueueItem<T[I], Tasks> },
  ): Promise<{ readonly [I in keyof T]: EnqueueManyOutcome<OutputOf<TaskMeant<Tasks, T[I]>>> }>
  /**
   * What is known about a job.
   *
   * @throws `ERR_RESULT_EXPIRED` when its record is no longer kept, `ERR_JOB_UNKNOWN` when there never was one. The two are told
   *   apart by the time that generated ids carry; for ids made from your own it is always `ERR_JOB_UNKNOWN`.
   */
  getResult(id: string): Promise<JobStatus>
  /** The job of this id, to wait for or to act on. Nothing is read yet. */
  job(id: string): Job
  /** The workers of all processes, as they last announced themselves, in the order of their ids. */
  workers(): Promise<readonly WorkerStatus[]>
}

/** A queue and how to close it. */
export interface OwnedTaskQueue<Tasks extends readonly AnyTask[]> extends TaskQueue<Tasks> {
  /** Lets the `enqueue` calls under way end, and gives up waiting for results. It may be used again once its driver is there again. */
  close(): Promise<void>
}

export interface TaskQueueDeps {
  readonly driver: Late<QueueDriver>
  readonly ask: Ask
  /** How long `enqueue` waits for the backend, in milliseconds. */
  readonly queueTimeout: number
  readonly tracer: Tracer
  readonly rooms: Rooms
  readonly tasks: TaskRegistry
  readonly clock: Clock
  readonly ids: Ids
  readonly report: Report
  readonly events: JobEvents
  readonly middleware?: MiddlewareChain
  readonly flowCache: FlowCache
  /** How spans name the queue. @default bothNames */
  readonly messaging?: MessagingSystem
  readonly measures?: JobMeasures
  /** Calls back when the turn of the event loop ends. @default queueMicrotask */
  readonly schedule?: (flush: () => void) => void
  readonly localWakes?: LocalWakes
  readonly localEnds?: LocalEnds
}

export function createTaskQueue<Tasks extends readonly AnyTask[]>(deps: TaskQueueDeps): OwnedTaskQueue<Tasks> {
  const { ask, tracer, tasks, clock, ids, report, events, messaging } = deps
  const { middleware = noMiddleware, schedule = queueMicrotask, measures = noJobMeasures } = deps
  const driver = () => deps.driver.get()
  const deadlines = createDeadlines(clock)
  const { queueTimeout: timeout, localWakes, localEnds } = deps
  const enqueuer = createEnqueuer({ driver, clock, deadlines, timeout, schedule, ...localWakes })
  const results = createResults({ driver, ask, clock, deadlines, report, schedule, localEnds })
  const flows = createFlows({ ask, cache: deps.flowCache, clock: deps.clock })
  const canceller = createCanceller({ ask, clock, tasks, flows, events, lifeOf: (room) => broadcastLife(deps, room) })
  const access = createAccess({ ask, clock, tasks, results, canceller, flows })
  const submitter = createSubmitter({ ...deps, driver, ask, enqueuer, queue: tasks.queues[0] ?? 'default' })
  const storeMany = createBulk({ tracer, ids, enqueuer, clock, messaging, measures, taskOf, handle })

  function taskOf(task: AnyTask | string): AnyTask {
    if (typeof task === 'string') return tasks.named(task)
    if (typeof task?.run === 'function') return task
    if (isWorkflow(task)) {
      throw new TriportError('ERR_TASK_INVALID', 'enqueueMany takes no workflows. Enqueue it with enqueue.')
    }
    throw new TriportError(
      'ERR_TASK_INVALID',
      'enqueue got neither a task nor a workflow nor the name of a task. Make one with defineTask, or chain and the like.',
    )
  }

  function handle({ job, reject }: Pick<PreparedJob, 'job' | 'reject'>, outcome: EnqueueOutcome): Job {
    const { id, deduplicated, replaced } = outcome
    const { key, task, queue } = job
    if (replaced) void canceller.tell({ ...replaced, task, queue }, replacedBy(id)) // Its key is one of this task.
    if (!deduplicated && events.has('enqueued')) events.emit({ type: 'enqueued', id, task, queue, attempts: 0 })
    if (id === job.id) {
      // A generated id can only be known already when its own enqueue was sent twice.
      return new JobHandle(access, { id, key, deduplicated: deduplicated && key !== undefined, known: true })
    }
    if (reject) throw duplicate(id, task)
    return new JobHandle(access, { id, deduplicated, known: true })
  }

  async function store(prepared: PreparedJob, tx: unknown): Promise<Job> {
    const { job } = prepared
    if (tx === undefined) return handle(prepared, await enqueuer.one(job))
    const [outcome] = await enqueuer.together([job], tx)
    return handle(prepared, outcome as EnqueueOutcome)
  }

  async function enqueueOne(request: JobRequest): Promise<Job> {
    const prepared = prepareJob(request, ids)
    return store(prepared instanceof Promise ? await prepared : prepared, request.options.tx)
  }

  function enqueueTraced(request: JobRequest): Promise<Job> {
    const { task, options } = request
    const about = enqueueSpan({ queue: task.queue, task: task.name }, messaging)
    return tracer.span(`enqueue ${task.queue}`, about, async (span) => {
      const prepared = await prepareJob(request, ids)
      const wait = waitOf(prepared.job, clock)
      const notes = traceNotes(tracer, { wait, mode: task.policy.trace })
      const job = await store({ ...prepared, job: traced(prepared, notes) }, options.tx)
      return told(span.set('triport.job.delay_ms', wait || undefined), job)
    })
  }

  function sendOne(request: JobRequest): Promise<Job> {
    return tracer.enabled ? enqueueTraced(request) : enqueueOne(request)
  }

  function send(request: JobRequest): Promise<Job> {
    return measures.enabled ? measured(request.task.queue, () => sendOne(request)) : sendOne(request)
  }

  function measured(queue: string, work: () => Promise<Job>): Promise<Job> {
    return measures.enqueue({ queue, work, count: countOf })
  }

  async function sendWorkflow(submission: Submission): Promise<Job> {
    if (!measures.enabled) return await submitWorkflow(submission)
    return await measured(submitter.queueOf(submission.workflow), () => submitWorkflow(submission))
  }

  async function submitWorkflow(submission: Submission): Promise<Job> {
    const queue = submitter.queueOf(submission.workflow)
    const about = enqueueSpan({ queue, task: helperTasks.workflow }, messaging)
    return tracer.span(`enqueue ${queue}`, about, async (span) => {
      const { job, outcome } = await submitter.submit(submission)
      return told(span, handle({ job, reject: false }, outcome))
    })
  }

  function enqueueWorkflow(workflow: AnyWorkflow, input: unknown, options: WorkflowOptions = {}): Promise<Job> {
    if (!middleware.enqueue) return sendWorkflow({ workflow, input, options })
    const call = { task: submitter.taskOf(workflow), input, options }
    return middleware.enqueue(call, (passed) => sendWorkflow({ workflow, ...passed }))
  }

  async function enqueue(
    task: AnyTask | AnyWorkflow | string,
    input?: unknown,
    options?: JobRequest['options'] & WorkflowOptions,
  ): Promise<never> {
    // Awaited here, so that the stack of an error names who called.
    if (isWorkflow(task)) return (await enqueueWorkflow(task, input, options)) as never
    const request = jobRequest(taskOf(task), input, options)
    return (await (middleware.enqueue ? middleware.enqueue(request, send) : send(request))) as never
  }

  async function enqueueMany(items: readonly EnqueueItem[]): Promise<never> {
    if (!Array.isArray(items)) {
      throw invalidOption('enqueueMany got no list. Pass an array of { task, input, options }.')
    }
    return (middleware.enqueue ? enqueueEach(items) : storeMany(items)) as Promise<never>
  }

  /** Middleware sees each item by itself. What its calls of one turn store goes to the driver together all the same. */
  function enqueueEach(items: readonly EnqueueItem[]): Promise<readonly EnqueueManyOutcome[]> {
    const outcome = ({ task, input, options }: EnqueueItem): Promise<EnqueueManyOutcome> =>
      enqueue(task, input, options).then(
        (job) => ({ job }),
        (error: unknown) => ({ error }),
      )
    return Promise.all(items.map(outcome))
  }

  return {
    enqueue,
    delay: enqueue,
    enqueueMany,
    on: events.on,
    ...createControl({ ask, clock, canceller }),
    getResult: async (id) => access.status(id, false),
    job: (id) => new JobHandle(access, { id, deduplicated: false, known: false }),
    workers: async () => workerStatuses(await ask((driver) => driver.workers())),
    async close() {
      try {
        await Promise.all([enqueuer.idle(), results.close()])
      } finally {
        deadlines.rest() // Whoever began to wait meanwhile is given up at a deadline, too.
      }
    },
  }
}

function countOf({ deduplicated }: Job): number {
  return deduplicated ? 0 : 1
}

function told(span: { set(key: string, value: string | boolean | undefined): unknown }, job: Job): Job {
  span.set('messaging.message.id', job.id)
  span.set('triport.job.deduplicated', job.deduplicated || undefined)
  return job
}
