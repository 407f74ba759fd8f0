import { encode } from '../codec.js'
import { TriportError } from '../errors.js'
import { derivedId, type Ids } from '../ids.js'
import type { NewJob } from '../ports/job.js'
import { validate } from '../schema.js'
import { type EnqueueOptions, type EnqueueTerms, termsOf } from './enqueue-options.js'
import { groupOf } from './group.js'
import { encodeMeta, type JobMeta, type JobTerms } from './meta.js'
import { maxPayload } from './outcome.js'
import type { AnyTask } from './task.js'
import { lockOf } from './unique.js'

/** A job as its caller asks for it. */
export interface JobRequest {
  readonly task: AnyTask
  readonly input: unknown
  readonly options: EnqueueOptions
}

/** A job that lacks only what the tracer knows. */
export interface PreparedJob {
  readonly job: NewJob
  readonly meta: JobMeta
  /** No other job is wanted in its place. */
  readonly reject: boolean
}

const noOptions: EnqueueOptions = {}
const noTerms: EnqueueTerms = termsOf(noOptions)

export function jobRequest(task: AnyTask, input: unknown, options: EnqueueOptions = noOptions): JobRequest {
  return { task, input, options: isEmpty(options) ? noOptions : options }
}

function isEmpty(options: EnqueueOptions): boolean {
  for (const _ in options) return false
  return typeof options === 'object' && options !== null
}

/**
 * Checks a request and makes a job of it. The input is validated, and stored as given: a worker validates it again.
 * Returns a promise only when the schema needs one.
 *
 * @throws `ERR_INPUT_INVALID`, `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID`, `ERR_VALUE_UNSUPPORTED`, `ERR_PAYLOAD_TOO_LARGE`
 */
export function prepareJob(request: JobRequest, ids: Ids): PreparedJob | Promise<PreparedJob> {
  const { task, input, options } = request
  const id = options.id === undefined ? ids.next() : derivedId(task.queue, options.id)
  return task.input === undefined ? assemble(request, id, input) : prepareValidated(request, id)
}

/** The job with the trace that it is part of. */
export function traced({ job, meta }: PreparedJob, trace: Pick<JobMeta, 'trace' | 'link'>): NewJob {
  return { ...job, meta: encodeMeta({ ...meta, ...trace }) }
}

async function prepareValidated(request: JobRequest, id: string): Promise<PreparedJob> {
  const { task, input } = request
  const validated = task.input && (await validate(task.input, input, `Input of task "${task.name}"`))
  return assemble(request, id, validated)
}

function assemble({ task, input, options }: JobRequest, id: string, validated: unknown): PreparedJob {
  const { priority, delay, runAt, exclusion, overrides } = options === noOptions ? noTerms : termsOf(options)
  const payload = encode(input, { what: `Input of task "${task.name}"`, maxBytes: maxPayload })
  const meta = metaOf(task, validated, overrides)
  const group = groupOf(task, validated)
  const job: NewJob = { id, queue: task.queue, task: task.name, payload, meta: encodeMeta(meta), priority, delay }
  if (options === noOptions && !group) return { job, meta, reject: false }
  const more = {
    ...(options.id === undefined ? {} : { key: options.id }),
    ...(runAt === undefined ? {} : { runAt }),
    ...(exclusion ? { lock: lockOf(exclusion, task, id) } : {}),
    ...(group ? { group } : {}),
  }
  return { job: { ...job, ...more }, meta, reject: exclusion?.onConflict === 'reject' }
}

function metaOf(task: AnyTask, validated: unknown, overrides: JobTerms): JobMeta {
  if (task.room === undefined) return overrides
  const room: unknown = task.room(validated as never)
  if (typeof room === 'string' && room !== '') return { room, ...overrides }
  throw new TriportError(
    'ERR_ROOM_INVALID',
    `room of task "${task.name}" gave ${JSON.stringify(room)}. Return a room's name.`,
  )
}
