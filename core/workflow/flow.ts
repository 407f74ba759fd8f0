import { derivedId } from '../ids.js'
import type { NewJob } from '../ports/job.js'
import type { Ending } from '../ports/queue.js'
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
  /** Its own job is stored before it ends. It is not by drivers that run inline: there it would be due at once. */
  readonly stored: boolean
}

/** A workflow as its workers hold it: the plan, and the jobs that it is made of. */
export interface Flow extends FlowSource {
  idOf(path: Path): Promise<string>
  jobOf(planned: Planned): Promise<NewJob>
  /** The jobs with which a part begins. @param input What they get that have no input of their own, encoded. */
  begin(path: Path, input?: string): Promise<NewJob[]>
  /** What follows the job at this path. */
  member(path: Path): Promise<Member>
}

/** Stands for a plan that the backend has. */
export const noPlan = 'null'

/** Stands for the input of a job that is read when it starts. */
const noInput = 'null'

export function createFlow(source: FlowSource): Flow {
  const { job, plan } = source
  const ids = new Map<Path, Promise<string>>()
  const followers = new Map<Path, Promise<readonly NewJob[]>>()
  const { root, steps } = plan

  function idOf(path: Path): Promise<string> {
    return remembered(ids, path, async () => derivedId(job.id, path))
  }

  async function jobOf({ path, kind }: Planned, input = noInput): Promise<NewJob> {
    const note = { w: job.id, path }
    const id = await idOf(path)
    if (kind !== 'step') {
      const { queue, priority } = job
      const task = kind === 'map' ? helperTasks.map : helperTasks.end
      return { id, queue, task, payload: input, meta: encodeMeta({ flow: note }), priority, delay: 0 }
    }
    const node = nodeAt(root, path) as { readonly step: number; readonly input?: string }
    const { meta, ...step } = steps[node.step] as PlannedStep
    return { id, ...step, payload: node.input ?? input, meta: encodeMeta({ ...meta, flow: note }) }
  }

  async function begin(path: Path, input?: string): Promise<NewJob[]> {
    return Promise.all(firstJobs(root, path).map((planned) => jobOf(planned, input)))
  }

  async function endingFor(next: Next): Promise<Ending> {
    if (next.type === 'end') return { enqueue: [hastened(job)] }
    if (next.type === 'start') return { enqueue: await begin(next.path) }
    const { group, member, size } = next
    const [id, then] = await Promise.all([idOf(endOf(group)), remembered(followers, group, () => lastOf(group))])
    return { join: { id, member, size, keep: keepOf(plan), next: then } }
  }

  /**
   * What the last member of a group enqueues: one job, because each of its members carries it along. When more is to happen, it is the
   * job that ends the group.
   */
  async function lastOf(group: Path): Promise<readonly NewJob[]> {
    const next = after(root, group)
    const jobs = next.type === 'start' ? firstJobs(root, next.path) : []
    if (next.type === 'end' || jobs.length === 1) return (await endingFor(next)).enqueue ?? []
    return [await jobOf({ path: endOf(group), kind: 'end' })]
  }

  return {
    ...source,
    idOf,
    jobOf,
    begin,
    async member(path) {
      const part = partWith(path)
      const [well, failed] = await Promise.all([endingFor(after(root, part)), endingFor(afterFailure(root, part))])
      return { well, failed, keep: keepOf(plan) }
    },
  }
}

function hastened({ id, queue, task, payload, meta, key, priority }: FlowSource['job']): NewJob {
  return { id, queue, task, payload, meta, ...(key === undefined ? {} : { key }), priority, delay: 0, hasten: true }
}

function remembered<Value>(known: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>) {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}
