import type { Clock } from '../clock.js'
import { encodeError } from '../codec.js'
import { TriportError } from '../errors.js'
import type { JobRecord } from '../ports/job.js'
import type { Ask } from './answer.js'
import type { Life } from './broadcast.js'
import type { JobEvents, LocalJobEvent } from './events.js'
import type { CancelOutcome, Job, JobStatus, Progress, ResultOptions } from './job.js'
import { decodeMeta } from './meta.js'
import { jobError, missing, resultOf, statusOf } from './records.js'
import type { Results } from './result.js'
import { keepOfUnknown, type TaskRegistry } from './task.js'

export interface AccessDeps {
  readonly ask: Ask
  readonly clock: Clock
  readonly tasks: TaskRegistry
  readonly results: Results
  lifeOf(room: string): Life
  readonly events: Pick<JobEvents, 'has' | 'emit'>
}

/** Reads jobs and acts on them. `known`: the job is known to have existed. */
export interface JobAccess {
  status(id: string, known: boolean): Promise<JobStatus>
  result(id: string, known: boolean, options: ResultOptions): Promise<unknown>
  cancel(id: string, known: boolean, reason?: string): Promise<CancelOutcome>
}

export function createAccess({ ask, clock, tasks, results, lifeOf, events }: AccessDeps): JobAccess {
  const keep = Math.min(keepOfUnknown, ...tasks.tasks.map(({ policy }) => policy.keepResult))

  function gone(id: string, known: boolean): TriportError {
    return missing(id, { known, keep, now: clock.now() })
  }

  function found(id: string, known: boolean, record: JobRecord | undefined): JobRecord {
    if (record) return record
    throw gone(id, known)
  }

  async function read(id: string, known: boolean): Promise<JobRecord> {
    const [record] = await ask((driver) => driver.get([id]))
    return found(id, known, record)
  }

  return {
    status: async (id, known) => statusOf(await read(id, known)),
    result: async (id, known, options) => resultOf(found(id, known, await results.wait(id, options))),
    async cancel(id, known, reason) {
      const record = await read(id, known)
      const error = cancelled(record, reason)
      const request = { id, error: encodeError(error), keep: tasks.keepResult(record.task) }
      const [reply] = await ask((driver) => driver.cancel([request]))
      if (reply === undefined || reply === 'unknown') throw gone(id, known)
      const { room } = decodeMeta(record.meta)
      if (reply !== 'cancelled') return reply
      if (events.has('cancelled')) events.emit(cancelledEvent(record, error))
      if (room) await lifeOf(room).tell('cancelled', { error: jobError(error) })
      return reply
    },
  }
}

function cancelled({ id, task }: JobRecord, reason: string | undefined): TriportError {
  const why = reason === undefined ? '.' : `: ${reason}`
  return new TriportError('ERR_JOB_CANCELLED', `Job ${id} of task "${task}" was cancelled${why}`, {
    details: { job: id, task },
  })
}

function cancelledEvent({ id, task, queue, deliveries }: JobRecord, error: TriportError): LocalJobEvent {
  return { type: 'cancelled', id, task, queue, attempts: deliveries, error }
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

  async progress(): Promise<Progress | undefined> {
    return (await this.status()).progress
  }
}
