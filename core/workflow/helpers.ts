import { encode } from '../codec.js'
import { TriportError } from '../errors.js'
import type { NewJob } from '../ports/job.js'
import type { Ask } from '../queue/answer.js'
import type { Attempt } from '../queue/attempt.js'
import { parts } from '../queue/enqueuer.js'
import type { FlowNote } from '../queue/meta.js'
import { maxPayload } from '../queue/outcome.js'
import { type AnyTask, defineTask } from '../queue/task.js'
import { membersOf } from './evaluate.js'
import { finish } from './finish.js'
import type { Flow } from './flow.js'
import type { Flows } from './flows.js'
import { helperTasks } from './helper-tasks.js'
import type { Member } from './member.js'
import type { Plan } from './plan.js'

export interface HelperDeps {
  readonly flows: Flows
  readonly ask: Ask
  /** Stores jobs, however long that takes. */
  enqueue(jobs: readonly NewJob[]): Promise<unknown>
}

/** The tasks of the library's own that workflows need. An error of the backend is met again in a moment, many times. */
export function createHelpers(deps: HelperDeps): readonly AnyTask[] {
  const patient = { maxRetries: 20, backoff: { delay: '1s', max: '1m' } } as const
  return [
    defineTask({
      ...patient,
      name: helperTasks.workflow,
      run: (plan: Plan | null, ctx) => finish(plan, ctx as Attempt, deps),
    }),
    defineTask({ ...patient, name: helperTasks.map, run: (list: unknown, ctx) => spread(list, ctx as Attempt, deps) }),
    defineTask({ ...patient, name: helperTasks.end, run() {} }),
  ]
}

/**
 * Enqueues the members of a map, and returns how many there are. The last of them are stored in the step that completes this job, so
 * that none can be the last to end before the number is known. One that is to end adds no more: what it has added finds its workflow
 * ended, or is the same when it is repeated.
 */
async function spread(list: unknown, attempt: Attempt, { flows, enqueue }: HelperDeps): Promise<number> {
  const note = attempt.meta.flow as FlowNote
  if (!Array.isArray(list)) throw noList(list, note)
  const flow = (await flows.find(note, attempt.jobId)) as Flow
  const jobs = membersFor(flow, note.path, list)
  const pieces = parts(jobs, (job) => job)
  const last = pieces.pop()
  for (const piece of pieces) {
    await enqueue(piece)
    attempt.signal.throwIfAborted()
  }
  if (last) attempt.member = { ...(attempt.member as Member), well: { enqueue: last } }
  return list.length
}

function membersFor(flow: Flow, path: string, list: readonly unknown[]): NewJob[] {
  return membersOf(path, list.length).flatMap((member, index) => {
    const input = encode(list[index], {
      what: `Item ${index} of a map of workflow ${flow.job.id}`,
      maxBytes: maxPayload,
    })
    return flow.begin(member, input)
  })
}

function noList(value: unknown, { w }: FlowNote): TriportError {
  const found = value === null ? 'null' : typeof value
  return new TriportError(
    'ERR_INPUT_INVALID',
    `A map of workflow ${w} got ${found} instead of an array. Let the step before it return one.`,
    { details: { workflow: w } },
  )
}
