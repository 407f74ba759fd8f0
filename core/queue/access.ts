import type { Clock } from '../clock.js'
import type { TriportError } from '../errors.js'
import type { JobRecord, NewJob } from '../ports/job.js'
import type { Flows } from '../workflow/flows.js'
import { helperTasks } from '../workflow/helper-tasks.js'
import { progressOf } from '../workflow/inventory.js'
import type { Ask } from './answer.js'
import type { Canceller } from './canceller.js'
import type {
  CancelOutcome,
  Job,
  JobLogLine,
  JobStatus,
  Progress,
  PromoteOutcome,
  RedriveOutcome,
  RemoveOutcome,
  ResultOptions,
} from './job.js'
import { lineFrom } from './log.js'
import { missing, resultOf, statusOf } from './records.js'
import type { Results } from './result.js'
import { keepOfUnknown, type TaskRegistry } from './task.js'

export interface AccessDeps {
  readonly ask: Ask
  readonly clock: Clock
  readonly tasks: TaskRegistry
  readonly results: Results
  readonly canceller: Canceller
  readonly flows: Flows
}

/** Reads jobs and acts on them. `known`: the job is known to have existed. */
export interface JobAccess {
  status(id: string, known: boolean): Promise<JobStatus>
  progress(id: string, known: boolean): Promise<Progress | undefined>
  result(id: string, known: boolean, options: ResultOptions): Promise<unknown>
  log(id: string, known: boolean): Promise<readonly JobLogLine[]>
  cancel(id: string, known: boolean, reason?: string): Promise<CancelOutcome>
  redrive(id: string, known: boolean): Promise<RedriveOutcome>
  remove(id: string, known: boolean): Promise<RemoveOutcome>
  promote(id: string, known: boolean): Promise<PromoteOutcome>
}

export function createAccess({ ask, clock, tasks, results, canceller, flows }: AccessDeps): JobAccess {
  const keep = Math.min(keepOfUnknown, ...tasks.tasks.flatMap(({ policy }) => [policy.keepResult, policy.keepFailed]))

  function gone(id: string, known: boolean): TriportError {
    return missing(id, { known, keep, now: clock.now() })
  }

  function found<T>(id: string, known: boolean, record: T | undefined): T {
    if (record) return record
    throw gone(id, known)
  }

  async function read(id: string, known: boolean): Promise<JobRecord> {
    const [record] = await ask((driver) => driver.get([id]))
    return found(id, known, record)
  }

  return {
    status: async (id, known) => statusOf(await read(id, known)),
    async progress(id, known) {
      const record = await read(id, known)
      const flow = record.task === helperTasks.workflow ? flows.of(record) : undefined
      if (!flow || record.progress !== undefined) return statusOf(record).progress
      const { done, total } = await flows.tally(flow)
      const [percent, data] = progressOf({ done, total })
      return record.state === 'completed' ? { percent: 100, data: { done: total, total } } : { percent, data }
    },
    result: async (id, known, options) => resultOf(found(id, known, await results.wait(id, options))),
    async log(id, known) {
      const lines = await ask((driver) => driver.log(id))
      if (lines.length === 0) await read(id, known)
      return lines.map(lineFrom)
    },
    async cancel(id, known, reason) {
      const [reply] = await canceller.cancel([await read(id, known)], reason)
      if (reply === undefined || reply === 'unknown') throw gone(id, known)
      return reply
    },
    async redrive(id, known) {
      const [reply] = await ask((driver) => driver.redrive([id]))
      if (reply === undefined || reply === 'unknown') throw gone(id, known)
      return reply
    },
    async remove(id, known) {
      const [outcome] = await canceller.remove([await read(id, known)])
      return outcome as RemoveOutcome
    },
    async promote(id, known) {
      const record = await read(id, known)
      if (record.state !== 'delayed') return 'kept'
      const [outcome] = await ask((driver) => driver.enqueue([hastened(record)]))
      if (outcome?.deduplicated) return 'promoted'
      await canceller.remove([record]) // It was removed just now, and has been stored anew.
      throw gone(id, known)
    },
  }
}

/** How long a job that was removed just now, and is stored anew, waits to be removed again, in milliseconds. */
const leftoverDelay = 60_000

/** What makes the driver hasten a job that it has. */
function hastened({ id, queue, task, payload, meta, key, priority }: JobRecord): NewJob {
  const named = key === undefined ? {} : { key }
  return { id, queue, task, payload, meta, ...named, priority, delay: leftoverDelay, hasten: true }
}

/** A job as its caller holds it. */
export class JobHandle implements Job {
  readonly id: string
  readonly key: string | undefined
  readonly deduplicated: boolean
  readonly #access: JobAccess
  readonly #known: boolean

  constructor(access: JobAccess, job: { id: string; key?: string | undefined; deduplicated: boolean; known: boolean }) {
    this.id = job.id
    this.key = job.key
    this.deduplicated = job.deduplicated
    this.#access = access
    this.#known = job.known
  }

  status(): Promise<JobStatus> {
    return this.#access.status(this.id, this.#known)
  }

  result(options: ResultOptions): Promise<unknown> {
    return this.#access.result(this.id, this.#known, options)
  }

  cancel(reason?: string): Promise<CancelOutcome> {
    return this.#access.cancel(this.id, this.#known, reason)
  }

  redrive(): Promise<RedriveOutcome> {
    return this.#access.redrive(this.id, this.#known)
  }

  remove(): Promise<RemoveOutcome> {
    return this.#access.remove(this.id, this.#known)
  }

  promote(): Promise<PromoteOutcome> {
    return this.#access.promote(this.id, this.#known)
  }

  log(): Promise<readonly JobLogLine[]> {
    return this.#access.log(this.id, this.#known)
  }

  progress(): Promise<Progress | undefined> {
    return this.#access.progress(this.id, this.#known)
  }
}
