import type { Clock } from '../clock.js'
import { decode } from '../codec.js'
import type { JobRecord } from '../ports/job.js'
import type { Ask } from '../queue/answer.js'
import { decodeMeta, type FlowNote } from '../queue/meta.js'
import { isEnded } from '../queue/states.js'
import { partWith, sourceOf } from './continuation.js'
import { evaluate, type PartOutcome, type Records, type Told } from './evaluate.js'
import { createFlow, type Flow, noPlan } from './flow.js'
import type { FlowCache } from './flow-cache.js'
import { helperTasks } from './helper-tasks.js'
import { type Inventory, inventory, type Tally, tally } from './inventory.js'
import { nodeAt, type Path } from './path.js'
import type { Plan } from './plan.js'

/** A workflow that goes on, and what a job of it gets from those before it; `undefined` when the job has its input itself. */
export interface Opened {
  readonly flow: Flow
  readonly source: PartOutcome | undefined
}

/** Reads workflows and the records of their jobs. */
export interface Flows {
  /** The workflow of a job; `undefined` when there is none, or no longer. */
  find(note: FlowNote, id: string): Promise<Flow | undefined>
  /** The workflow whose own job this is. */
  of(record: JobRecord): Flow | undefined
  /** What a job begins with; `undefined` when its workflow has ended. */
  open(note: FlowNote, id: string): Promise<Opened | undefined>
  /** What has become of the whole. */
  outcome(flow: Flow): Promise<PartOutcome>
  inventory(flow: Flow): Promise<Inventory>
  /** `over`: the workflow has ended. */
  tally(flow: Flow): Promise<Tally & { readonly over: boolean }>
}

/** What was read for a question, the workflow's own record included. */
interface Reading<Answer> {
  readonly answer: Answer
  readonly own: JobRecord | undefined
}

/** How many records one call reads. */
const page = 500

/** How long it is believed that a workflow goes on, in milliseconds: for its jobs that begin without reading anything else. */
const trust = 1_000

/** Whether a workflow had ended when it was looked at. */
interface Look {
  readonly until: number
  readonly ended: Promise<boolean>
}

export interface FlowsDeps {
  readonly ask: Ask
  readonly cache: FlowCache
  readonly clock: Pick<Clock, 'monotonic'>
}

/** A workflow as it was found. `ended`: its record said so; one that was read before is not read again here. */
interface Found {
  readonly flow: Flow | undefined
  readonly ended: boolean
}

export function createFlows({ ask, cache, clock }: FlowsDeps): Flows {
  const reading = new Map<string, Promise<Found>>()
  const looks = new WeakMap<Flow, Look>()

  async function read(ids: readonly string[]): Promise<(JobRecord | undefined)[]> {
    const records: (JobRecord | undefined)[] = []
    for (let from = 0; from < ids.length; from += page) {
      records.push(...(await ask((driver) => driver.get(ids.slice(from, from + page)))))
    }
    return records
  }

  /** Reads until the question can be answered. */
  async function tell<Answer>(
    { job, idOf }: Flow,
    question: (records: Records) => Told<Answer>,
  ): Promise<Reading<Answer>> {
    const records = new Map<Path, JobRecord | undefined>()
    for (let told = question(records); ; ) {
      const need = 'need' in told ? told.need : []
      const [own, ...found] = await read([job.id, ...need.map(idOf)])
      for (const [index, path] of need.entries()) records.set(path, found[index])
      told = question(records)
      if ('answer' in told) return { answer: told.answer, own }
    }
  }

  function flowOf(record: JobRecord | undefined): Flow | undefined {
    const plan = record?.task === helperTasks.workflow ? (decode(record.payload) as Plan | null) : null
    if (!record || !plan) return undefined
    const { meta, enqueuedAt: storedAt, payload } = record
    const flow = createFlow({ job: { ...record, payload: noPlan }, plan, meta: decodeMeta(meta), storedAt })
    cache.add(flow, payload.length)
    believe(flow, Promise.resolve(isEnded(record.state)))
    return flow
  }

  /** Reads a workflow once, also when many of its jobs begin together. */
  async function find({ w, path }: FlowNote, id: string): Promise<Found> {
    const known = cache.get(w)
    if (known && isPart(known, path, id)) return { flow: known, ended: false }
    const found = await (reading.get(w) ?? readOnce(w))
    return found.flow && isPart(found.flow, path, id) ? found : { flow: undefined, ended: true }
  }

  function readOnce(w: string): Promise<Found> {
    const found = read([w])
      .then(([record]) => ({ flow: flowOf(record), ended: !record || isEnded(record.state) }))
      .finally(() => reading.delete(w))
    reading.set(w, found)
    return found
  }

  /** Of all jobs that begin within a moment, one reads. */
  function endedOf(flow: Flow): Promise<boolean> {
    const last = looks.get(flow)
    if (last && clock.monotonic() < last.until) return last.ended
    const ended = read([flow.job.id]).then(([own]) => hasEnded(flow, own))
    believe(flow, ended)
    return ended
  }

  /** One that has ended is looked at again each time: it may be redriven. */
  function believe(flow: Flow, ended: Promise<boolean>): void {
    looks.set(flow, { until: clock.monotonic() + trust, ended })
    const forget = () => void looks.delete(flow)
    ended.then((over) => over && forget(), forget)
  }

  async function open(note: FlowNote, id: string): Promise<Opened | undefined> {
    const { flow, ended } = await find(note, id)
    const { path } = note
    if (!flow || ended) return undefined
    const part = sourceOf(flow.plan.root, path)
    if (part === undefined) return (await endedOf(flow)) ? undefined : { flow, source: undefined }
    const { answer, own } = await tell(flow, (records) => evaluate(flow.plan.root, part, records))
    return hasEnded(flow, own) ? undefined : { flow, source: answer }
  }

  return {
    open,
    of: flowOf,
    find: async (note, id) => (await find(note, id)).flow,
    outcome: async (flow) => (await tell(flow, (records) => evaluate(flow.plan.root, '', records))).answer,
    inventory: async (flow) => (await tell(flow, (records) => inventory(flow.plan.root, records))).answer,
    async tally(flow) {
      const { answer, own } = await tell(flow, (records) => tally(flow.plan.root, records))
      return { ...answer, over: hasEnded(flow, own) }
    },
  }
}

/** The same id of a caller may have been given to another workflow, before or at the same time: its jobs are not part of this one. */
function isPart({ plan, idOf }: Flow, path: Path, id: string): boolean {
  return nodeAt(plan.root, partWith(path)) !== undefined && idOf(path) === id
}

/** One that is stored only when it ends has no record before; that of another time may be one of a later workflow. */
function hasEnded({ storedAt }: Flow, own: JobRecord | undefined): boolean {
  if (storedAt === undefined) return own !== undefined && isEnded(own.state)
  return own?.enqueuedAt !== storedAt || isEnded(own.state)
}
