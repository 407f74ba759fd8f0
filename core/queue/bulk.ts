import type { Clock } from '../clock.js'
import type { Ids } from '../ids.js'
import type { JobMeasures } from '../metrics/job-measures.js'
import type { NewJob } from '../ports/job.js'
import type { EnqueueOutcome } from '../ports/queue.js'
import type { MessagingSystem } from '../tracer/messaging.js'
import type { Tracer } from '../tracer/tracer.js'
import type { EnqueueOptions } from './enqueue-options.js'
import { type Enqueuer, parts } from './enqueuer.js'
import type { Job } from './job.js'
import { jobRequest, type PreparedJob, prepareJob, traced } from './new-job.js'
import type { AnyTask, InputOf, TaskMeant } from './task.js'
import { enqueueSpan, traceNotes, waitOf } from './trace.js'

/** One job of `enqueueMany`. `T` is its task, or the name of one of `Tasks`. */
export type EnqueueItem<
  T extends AnyTask | string = AnyTask | string,
  Tasks extends readonly AnyTask[] = readonly AnyTask[],
> = {
  /** A task, or the name of a registered one. */
  readonly task: T
  readonly options?: EnqueueOptions
} & EnqueueInput<InputOf<TaskMeant<Tasks, T>>>

/** The input of an item, which may be left out where its task takes none. */
export type EnqueueInput<Input> = undefined extends Input ? { readonly input?: Input } : { readonly input: Input }

/** What became of one item of `enqueueMany`. */
export type EnqueueManyOutcome<Output = unknown> =
  | { readonly job: Job<Output>; readonly error?: undefined }
  | { readonly job?: undefined; readonly error: unknown }

export interface BulkDeps {
  readonly tracer: Tracer
  readonly ids: Ids
  readonly clock: Clock
  readonly enqueuer: Enqueuer
  readonly messaging: MessagingSystem | undefined
  readonly measures: JobMeasures
  taskOf(task: AnyTask | string): AnyTask
  /** @throws `ERR_JOB_DUPLICATE` */
  handle(prepared: Pick<PreparedJob, 'job' | 'reject'>, outcome: EnqueueOutcome): Job
}

/** How many jobs go to a pipelined driver while the next ones are made. */
const piece = 250

interface Ready extends Pick<PreparedJob, 'job' | 'reject'> {
  readonly index: number
  readonly tx: unknown
}

/** Makes `enqueueMany`. */
export function createBulk({ tracer, ids, clock, enqueuer, messaging, measures, taskOf, handle }: BulkDeps) {
  return async function enqueueMany(items: readonly EnqueueItem[]): Promise<readonly EnqueueManyOutcome[]> {
    if (!measures.enabled) return spanned(items)
    const count = (outcomes: readonly EnqueueManyOutcome[]) =>
      outcomes.filter(({ job }) => job?.deduplicated === false).length
    return measures.enqueue({ queue: onlyQueue(items), work: () => spanned(items), count })
  }

  async function spanned(items: readonly EnqueueItem[]): Promise<readonly EnqueueManyOutcome[]> {
    if (!tracer.enabled) return store(items)
    const queue = onlyQueue(items)
    const name = queue === undefined ? 'enqueue' : `enqueue ${queue}`
    return tracer.span(name, enqueueSpan({ queue, count: items.length }, messaging), () => store(items))
  }

  async function store(items: readonly EnqueueItem[]): Promise<readonly EnqueueManyOutcome[]> {
    const outcomes: EnqueueManyOutcome[] = new Array(items.length)
    const sending: Promise<void>[] = []
    let ready: Ready[] = []
    const sendReady = () => {
      for (const group of groups(ready)) sending.push(send(group, outcomes))
      ready = []
    }
    for (const [index, { task, input, options }] of items.entries()) {
      try {
        const known = taskOf(task)
        const preparing = prepareJob(jobRequest(known, input, options), ids)
        const prepared = preparing instanceof Promise ? await preparing : preparing
        const { reject } = prepared
        ready.push({ index, job: withTrace(known, prepared, items.length), reject, tx: options?.tx })
      } catch (error) {
        outcomes[index] = { error }
      }
      if (ready.length === piece && enqueuer.pipelined) sendReady()
    }
    sendReady()
    await Promise.all(sending)
    return outcomes
  }

  function withTrace({ policy }: AnyTask, prepared: PreparedJob, count: number): NewJob {
    if (!tracer.enabled) return prepared.job
    return traced(prepared, traceNotes(tracer, { wait: waitOf(prepared.job, clock), count, mode: policy.trace }))
  }

  function outcomeOf(item: Ready, stored: EnqueueOutcome): EnqueueManyOutcome {
    try {
      return { job: handle(item, stored) }
    } catch (error) {
      return { error }
    }
  }

  /** The queue of all items, when they have one in common. */
  function onlyQueue(items: readonly EnqueueItem[]): string | undefined {
    const queues = new Set(items.map(({ task }) => queueOf(task)))
    return queues.size === 1 ? [...queues][0] : undefined
  }

  function queueOf(task: AnyTask | string): string | undefined {
    try {
      return taskOf(task).queue
    } catch {
      return undefined // Its item is told so.
    }
  }

  async function send(group: readonly Ready[], outcomes: EnqueueManyOutcome[]): Promise<void> {
    try {
      const stored = await enqueuer.together(
        group.map(({ job }) => job),
        group[0]?.tx,
      )
      for (const [place, item] of group.entries())
        outcomes[item.index] = outcomeOf(item, stored[place] as EnqueueOutcome)
    } catch (error) {
      for (const { index } of group) outcomes[index] = { error }
    }
  }
}

/** Jobs of one transaction, in pieces of the size that one call may have. */
function groups(ready: readonly Ready[]): Ready[][] {
  const byTx = new Map<unknown, Ready[]>()
  for (const item of ready) {
    const group = byTx.get(item.tx)
    if (group) group.push(item)
    else byTx.set(item.tx, [item])
  }
  return [...byTx.values()].flatMap((group) => parts(group, ({ job }) => job))
}
