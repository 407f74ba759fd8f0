import { derivedId } from '../ids.js'
import type { NewJob } from '../ports/job.js'
import type { Ending, Join } from '../ports/queue.js'
import { encodeMeta, type JobMeta } from '../queue/meta.js'
import { after, afterFailure, firstJobs, type Next, type Planned, partWith } from './continuation.js'
import { helperTasks } from './helper-tasks.js'
import type { Member } from './member.js'
import { endOf, nodeAt, type Path } from './path.js'
import { keepOf, type Plan, type PlannedStep } from './plan.js'

/** A workflow as it was read or is about to be stored. */
export interface FlowSource {
  /** Its own job, as it is sent to become due: with `noPlan` where it is stored already. */
  readonly job: Pick<NewJob, 'id' | 'queue' | 'task' | 'payload' | 'meta' | 'key' | 'priority'>
  readonly plan: Plan
  readonly meta: JobMeta
  /** When its own job was stored. Absent with drivers that run inline: they store it when it ends, or it would be due at once. */
  readonly storedAt?: number
}

/** A workflow as its workers hold it: the plan, and the jobs that it is made of. */
export interface Flow extends FlowSource {
  idOf(path: Path): string
  jobOf(planned: Planned): NewJob
  /** The jobs with which a part begins. @param input What they get that have no input of their own, encoded. */
  begin(path: Path, input?: string): NewJob[]
  /** What follows the job at this path. */
  member(path: Path): Member
}

/** Stands for a plan that the backend has. */
export const noPlan = 'null'

/** The most characters of a payload that each member of a group carries along. */
const smallPayload = 1_000

/** Stands for the input of a job that is read when it starts. */
const noInput = 'null'

export function createFlow(source: FlowSource): Flow {
  const { job, plan } = source
  const { root, steps } = plan
  const joins = new Map<Path, Pick<Join, 'id' | 'next'>>()

  function idOf(path: Path): string {
    return derivedId(plan.seed, path)
  }

  function jobOf({ path, kind }: Planned, input = noInput): NewJob {
    const note = { w: job.id, path }
    if (kind !== 'step') {
      const { queue, priority } = job
      const task = kind === 'map' ? helperTasks.map : helperTasks.end
      return { id: idOf(path), queue, task, payload: input, meta: encodeMeta({ flow: note }), priority, delay: 0 }
    }
    const node = nodeAt(root, path) as { readonly step: number; readonly input?: string }
    const { meta, ...step } = steps[node.step] as PlannedStep
    return { id: idOf(path), ...step, payload: node.input ?? input, meta: encodeMeta({ ...meta, flow: note }) }
  }

  function begin(path: Path, input?: string): NewJob[] {
    return firstJobs(root, path).map((planned) => jobOf(planned, input))
  }

  function endingFor(next: Next): Ending {
    if (next.type === 'end') return { enqueue: [hastened(job)] }
    if (next.type === 'start') return { enqueue: begin(next.path) }
    const { group, member, size } = next
    return { join: { ...joinOf(group), member, size, keep: keepOf(plan) } }
  }

  /** The same for all members of a group. */
  function joinOf(group: Path): Pick<Join, 'id' | 'next'> {
    const join = joins.get(group) ?? newJoin(group)
    joins.set(group, join)
    return join
  }

  /**
   * The last member enqueues one small job, because each of its members carries it along: what comes next, or where that is more, the job
   * that ends the group.
   */
  function newJoin(group: Path): Pick<Join, 'id' | 'next'> {
    const { enqueue: [only, ...more] = [] } = endingFor(after(root, group))
    const last = jobOf({ path: endOf(group), kind: 'end' })
    return { id: last.id, next: only && more.length === 0 && isSmall(only, job) ? [only] : [last] }
  }

  return {
    ...source,
    idOf,
    jobOf,
    begin,
    member(path) {
      const part = partWith(path)
      const [well, failed] = [endingFor(after(root, part)), endingFor(afterFailure(root, part))]
      return { well, failed, keep: keepOf(plan) }
    },
  }
}

/** The workflow's own job is in the backend, or where it is not, in the same process. */
function isSmall({ id, payload }: NewJob, own: FlowSource['job']): boolean {
  return id === own.id || payload.length <= smallPayload
}

function hastened({ id, queue, task, payload, meta, key, priority }: FlowSource['job']): NewJob {
  return { id, queue, task, payload, meta, ...(key === undefined ? {} : { key }), priority, delay: 0, hasten: true }
}
