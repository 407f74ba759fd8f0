import { encode } from '../codec.js'
import { invalidOption } from '../errors.js'
import type { NewJob } from '../ports/job.js'
import { encodeMeta, type JobMeta } from '../queue/meta.js'
import { maxPayload } from '../queue/outcome.js'
import { keepOfUnknown } from '../queue/task.js'
import type { Compiled } from './compile.js'
import { firstJobs } from './continuation.js'
import { createFlow, type Flow } from './flow.js'
import { helperTasks } from './helper-tasks.js'
import { lastTasks, type Node } from './node.js'
import type { Plan } from './plan.js'
import type { WorkflowOptions, WorkflowTerms } from './workflow-options.js'

/** A workflow that is ready to be stored: its own job and those of its first steps. */
export interface Whole {
  readonly job: NewJob
  readonly first: readonly NewJob[]
  readonly flow: Flow
}

export interface Parts extends Pick<NewJob, 'id' | 'queue'> {
  readonly node: Node
  readonly compiled: Compiled
  readonly terms: WorkflowTerms
  readonly options: WorkflowOptions
  readonly seed: string
  readonly trace: Pick<JobMeta, 'trace' | 'link'>
}

/** @throws `ERR_PAYLOAD_TOO_LARGE`, `ERR_OPTION_INVALID` */
export function assemble(parts: Parts): Whole {
  const { compiled, terms, options, trace } = parts
  const plan = planOf(parts)
  const meta: JobMeta = { ...trace, ...(options.room === undefined ? {} : { room: options.room }) }
  const job = ownJob(parts, plan, meta)
  const flow = createFlow({ job, plan, meta })
  return { job, flow, first: firstOf(flow, compiled, terms) }
}

function planOf({ node, compiled, terms, seed }: Parts): Plan {
  const { root, steps } = compiled
  const { delay, runAt, deadline } = terms
  const policies = lastTasks(node).map(({ policy }) => policy)
  const keep = {
    result: Math.max(keepOfUnknown, ...policies.map(({ keepResult }) => keepResult)),
    failed: Math.max(keepOfUnknown, ...policies.map(({ keepFailed }) => keepFailed)),
  }
  return { seed, root, steps, delay, ...(runAt === undefined ? {} : { runAt }), deadline, keep }
}

function ownJob({ id, queue, options, terms }: Parts, plan: Plan, notes: JobMeta): NewJob {
  const { priority, delay, runAt, deadline } = terms
  const payload = encode(plan, { what: 'The plan of the workflow', maxBytes: maxPayload })
  const meta = encodeMeta(notes)
  const due = runAt === undefined ? { delay: delay + deadline } : { delay: 0, runAt: runAt + deadline }
  const key = options.id === undefined ? {} : { key: options.id }
  return { id, queue, task: helperTasks.workflow, payload, meta, ...key, priority, ...due }
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
    throw invalidOption(
      `The workflow is to wait, and its first step "${job.task}" has a runAt of its own. Leave one out.`,
    )
  }
  return runAt === undefined ? { ...job, delay: job.delay + delay } : { ...job, delay: 0, runAt: runAt + job.delay }
}
