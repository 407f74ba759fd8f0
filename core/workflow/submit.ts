import type { Clock } from '../clock.js'
import { decode } from '../codec.js'
import { TriportError } from '../errors.js'
import { derivedId, type Ids } from '../ids.js'
import type { JobRecord, NewJob } from '../ports/job.js'
import type { EnqueueOutcome, QueueDriver } from '../ports/queue.js'
import type { Ask } from '../queue/answer.js'
import { type Enqueuer, parts } from '../queue/enqueuer.js'
import { isEnded } from '../queue/states.js'
import { type AnyTask, defineTask } from '../queue/task.js'
import { traceNotes, waitOf } from '../queue/trace.js'
import type { Tracer } from '../tracer/tracer.js'
import { compile } from './compile.js'
import type { FlowCache } from './flow-cache.js'
import { helperTasks } from './helper-tasks.js'
import { lastTasks, type Node, takesInput } from './node.js'
import type { Plan } from './plan.js'
import { assemble, type Whole } from './whole.js'
import type { AnyWorkflow } from './workflow.js'
import { type WorkflowOptions, workflowTermsOf } from './workflow-options.js'

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
    const queue = queueOf(workflow)
    const id = options.id === undefined ? ids.next() : derivedId(queue, options.id)
    const known = options.id === undefined ? undefined : await recordOf(id)
    const seed = (known && seedOf(known)) ?? ids.next()
    const trace = traceNotes(tracer, { wait: waitOf(terms, clock) })
    const whole = assemble({ node, compiled, terms, options, id, queue, seed, trace })
    const { job } = whole
    // One that goes on is stored again, job by job: the call that stored it first may not have reached the end.
    if (known && (isEnded(known.state) || known.payload !== job.payload)) {
      return { job, outcome: { id, deduplicated: true } }
    }
    const { inline } = driver().supports
    return { job, outcome: inline ? await runInline(whole) : await store([job, ...whole.first], options.tx) }
  }

  async function recordOf(id: string): Promise<JobRecord | undefined> {
    const [record] = await ask((target) => target.get([id]))
    return record
  }

  async function store(jobs: readonly NewJob[], tx: unknown): Promise<EnqueueOutcome> {
    const outcomes: EnqueueOutcome[] = []
    for (const part of parts(jobs, (job) => job)) outcomes.push(...(await enqueuer.together(part, tx)))
    return outcomes[0] as EnqueueOutcome
  }

  /** The jobs run while they are stored. The last one stores the workflow's own. */
  async function runInline({ job, flow, first }: Whole): Promise<EnqueueOutcome> {
    const release = flowCache.hold(flow)
    try {
      await store(first, undefined)
    } finally {
      release()
    }
    return { id: job.id, deduplicated: false }
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

function seedOf({ task, payload }: JobRecord): string | undefined {
  return task === helperTasks.workflow ? (decode(payload) as Plan | null)?.seed : undefined
}

function noInputWanted(): TriportError {
  return new TriportError(
    'ERR_INPUT_INVALID',
    'The workflow takes no input: each of its first steps has its own. Pass undefined, and options as the third argument.',
  )
}
