import { encode } from '../codec.js'
import { TriportError } from '../errors.js'
import { derivedId, type Ids } from '../ids.js'
import type { NewJob } from '../ports/job.js'
import { validate } from '../schema.js'
import { type EnqueueOptions, type Timing, timingOf } from './enqueue-options.js'
import { encodeMeta, type JobMeta } from './meta.js'
import { maxPayload } from './outcome.js'
import type { AnyTask } from './task.js'

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
}

const noOptions: EnqueueOptions = {}

export function jobRequest(task: AnyTask, input: unknown, options: EnqueueOptions = noOptions): JobRequest {
  return { task, input, options }
}

/**
 * Checks a request and makes a job of it. The input is validated, and stored as given: a worker validates it again.
 * Returns a promise only when the schema or the id needs one.
 *
 * @throws `ERR_INPUT_INVALID`, `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID`, `ERR_VALUE_UNSUPPORTED`, `ERR_PAYLOAD_TOO_LARGE`
 */
export function prepareJob(request: JobRequest, ids: Ids): PreparedJob | Promise<PreparedJob> {
  const { task, options } = request
  if (task.input !== undefined || options.id !== undefined) return prepareSlowly(request, ids)
  return assemble(request, ids.next(), request.input)
}

/** The job with the trace that it is part of. */
export function traced({ job, meta }: PreparedJob, trace: Pick<JobMeta, 'trace' | 'link'>): NewJob {
  return { ...job, meta: encodeMeta({ ...meta, ...trace }) }
}

async function prepareSlowly(request: JobRequest, ids: Ids): Promise<PreparedJob> {
  const { task, input, options } = request
  const validated = task.input ? await validate(task.input, input, `Input of task "${task.name}"`) : input
  const prepared = assemble(request, '', validated)
  const id = options.id === undefined ? ids.next() : await derivedId(task.queue, options.id)
  return { ...prepared, job: { ...prepared.job, id } }
}

function assemble({ task, input, options }: JobRequest, id: string, validated: unknown): PreparedJob {
  const timing = options === noOptions ? atOnce : timingOf(options)
  const payload = encode(input, { what: `Input of task "${task.name}"`, maxBytes: maxPayload })
  const meta = metaOf(task, validated, options)
  const { priority, delay } = timing
  const job: NewJob = { id, queue: task.queue, task: task.name, payload, meta: encodeMeta(meta), priority, delay }
  if (options.id === undefined && timing.runAt === undefined) return { job, meta }
  const key = options.id === undefined ? {} : { key: options.id }
  return { job: { ...job, ...timing, ...key }, meta }
}

const atOnce: Timing = { priority: 0, delay: 0 }

function metaOf(task: AnyTask, validated: unknown, { maxRetries }: EnqueueOptions): JobMeta {
  if (task.room === undefined && maxRetries === undefined) return noMeta
  const room = task.room?.(validated as never)
  if (task.room && (typeof room !== 'string' || room === '')) {
    throw new TriportError(
      'ERR_ROOM_INVALID',
      `room of task "${task.name}" gave ${JSON.stringify(room)}. Return a room's name.`,
    )
  }
  return { ...(room === undefined ? {} : { room }), ...(maxRetries === undefined ? {} : { maxRetries }) }
}

const noMeta: JobMeta = {}
