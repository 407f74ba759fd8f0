import type { Clock } from '../clock.js'
import { encode } from '../codec.js'
import { TriportError } from '../errors.js'
import { derivedId, type Ids } from '../ids.js'
import type { NewJob } from '../ports/job.js'
import type { EnqueueOutcome, QueueDriver } from '../ports/queue.js'
import type { Ask } from '../queue/answer.js'
import { type Enqueuer, parts } from '../queue/enqueuer.js'
import { encodeMeta, type JobMeta } from '../queue/meta.js'
import { maxPayload } from '../queue/outcome.js'
import { isEnded } from '../queue/states.js'
import { type AnyTask, defineTask, keepOfUnknown } from '../queue/task.js'
import { traceNotes, waitOf } from '../queue/trace.js'
import type { Tracer } from '../tracer/tracer.js'
import { type Compiled, compile } from './compile.js'
import { firstJobs } from './continuation.js'
import { createFlow, type Flow } from './flow.js'
import type { FlowCache } from './flow-cache.js'
import { helperTasks } from './helper-tasks.js'
import { lastTasks, type Node, takesInput } from './node.js'
import type { Plan } from './plan.js'
import type { AnyWorkflow } from './workflow.js'
import { type WorkflowOptions, type WorkflowTerms, workflowTermsOf } from './workflow-options.js'

export interface SubmitterDeps {
  /** @throws `ERR_NOT_STARTED` */
  driver(): QueueDriver
  readonly ask: Ask
  readonly enqueuer: Enqueuer
  readonly ids: Ids
  readonly clock: Clock
  readonly tracer: Tracer
  readonly flowCache: FlowCache
  /** Where a workflow waits that has no tasks. */
  readonly queue: string
}

/** A workflow that is about to be stored. */
export interface Submission {
  readonly workflow: AnyWorkflow
  readonly input: unknown
  readonly options: WorkflowOptions
}

/** Stores workflows. */
export interface Submitter {
  /** Stores the workflow's own job and its first steps. */
  submit(submission: Submission): Promise<{ readonly job: NewJob; readonly outcome: EnqueueOutcome }>
  /** The queue of the workflow's own job. */
  queueOf(workflow: AnyWorkflow): string
  /** Stands for the workflow where a task is asked for. */
  taskOf(workflow: AnyWorkflow): AnyTask
}

export function createSubmitter(deps: SubmitterDeps): Submitter {
  const { driver, ask, enqueuer, ids, clock, tracer, flowCache } = deps

  function queueOf(workflow: AnyWorkflow): string {
    return lastTasks(nodeIn(workflow))[0]?.queue ?? deps.queue
  }

  async function submit({ workflow, input, options }: Submission) {
    const node = nodeIn(workflow)
    const terms = workflowTermsOf(options)
    if (input !== undefined && !takesInput(node)) throw noInputWanted()
    const compiled = await compile(node, input, terms.priority)
    const plan = planOf(node, compiled, terms)
    const job = ownJob(queueOf(workflow), plan, options, terms)
    if (options.id !== undefined && (await isKnown(job))) return { job, outcome: { id: job.id, deduplicated: true } }
    const { inline } = driver().supports
    const flow = createFlow({ job, plan, meta: {}, stored: !inline })
    const first = firstOf(flow, compiled, terms)
    return { job, outcome: inline ? await runInline(flow, first) : await store([job, ...first], options.tx) }
  }

  function ownJob(queue: string, plan: Plan, options: WorkflowOptions, terms: WorkflowTerms): NewJob {
    const { priority, delay, runAt, deadline } = terms
    const id = options.id === undefined ? ids.next() : derivedId(queue, options.id)
    const payload = encode(plan, { what: 'The plan of the workflow', maxBytes: maxPayload })
    const meta: JobMeta = {
      ...(options.room === undefined ? {} : { room: options.room }),
      ...traceNotes(tracer, waitOf(terms, clock)),
    }
    const due = runAt === undefined ? { delay: delay + deadline } : { delay: 0, runAt: runAt + deadline }
    const key = options.id === undefined ? {} : { key: options.id }
    return { id, queue, task: helperTasks.workflow, payload, meta: encodeMeta(meta), ...key, priority, ...due }
  }

  /** One that goes on is stored again, job by job: the call that stored it first may not have reached the end. */
  async function isKnown({ id, payload }: NewJob): Promise<boolean> {
    const [record] = await ask((target) => target.get([id]))
    return record !== undefined && (isEnded(record.state) || record.payload !== payload)
  }

  async function store(jobs: readonly NewJob[], tx: unknown): Promise<EnqueueOutcome> {
    const outcomes: EnqueueOutcome[] = []
    for (const part of parts(jobs, (job) => job)) outcomes.push(...(await enqueuer.together(part, tx)))
    return outcomes[0] as EnqueueOutcome
  }

  /** The jobs run while they are stored. The last one stores the workflow's own. */
  async function runInline(flow: Flow, first: readonly NewJob[]): Promise<EnqueueOutcome> {
    const release = flowCache.hold(flow)
    try {
      await store(first, undefined)
    } finally {
      release()
    }
    return { id: flow.job.id, deduplicated: false }
  }

  return {
    submit,
    queueOf,
    taskOf: (workflow) => defineTask({ name: helperTasks.workflow, queue: queueOf(workflow), run() {} }),
  }
}

function nodeIn(workflow: AnyWorkflow): Node {
  return workflow['~node'] as Node
}

function planOf(node: Node, { root, steps }: Compiled, terms: WorkflowTerms): Plan {
  const { delay, runAt, deadline } = terms
  const policies = lastTasks(node).map(({ policy }) => policy)
  const keep = {
    result: Math.max(keepOfUnknown, ...policies.map(({ keepResult }) => keepResult)),
    failed: Math.max(keepOfUnknown, ...policies.map(({ keepFailed }) => keepFailed)),
  }
  return { root, steps, delay, ...(runAt === undefined ? {} : { runAt }), deadline, keep }
}

function firstOf(flow: Flow, { first }: Compiled, terms: WorkflowTerms): NewJob[] {
  const prepared = new Map(first.map(({ path, prepared }) => [path, prepared]))
  return firstJobs(flow.plan.root, '').map((planned) => {
    const { id, meta, ...job } = flow.jobOf(planned)
    const known = prepared.get(planned.path)
    if (!known) return postponed({ id, meta, ...job }, terms)
    const notes = { ...known.meta, flow: { w: flow.job.id, path: planned.path } }
    return postponed({ ...known.job, id, meta: encodeMeta(notes) }, terms)
  })
}

/** A first step waits for the whole, and then its own time. */
function postponed(job: NewJob, { delay, runAt }: WorkflowTerms): NewJob {
  if (delay === 0 && runAt === undefined) return job
  if (job.runAt !== undefined) {
    throw new TriportError(
      'ERR_OPTION_INVALID',
      `The workflow is to wait, and its first step "${job.task}" has a runAt of its own. Leave one out.`,
    )
  }
  return runAt === undefined ? { ...job, delay: job.delay + delay } : { ...job, delay: 0, runAt: runAt + job.delay }
}

function noInputWanted(): TriportError {
  return new TriportError(
    'ERR_INPUT_INVALID',
    'The workflow takes no input: each of its first steps has its own. Pass undefined, and options as the third argument.',
  )
}
