import type { Carrier } from '../ports/tracer.js'
import type { Backoff } from './backoff.js'

/** What a job overrides of its task's policy. Times are in milliseconds. */
export interface JobTerms {
  readonly maxRetries?: number
  /** The parts that are given. */
  readonly backoff?: Partial<Backoff>
  readonly deadline?: number
  readonly expiresIn?: number
}

/** Where a job stands in a workflow. */
export interface FlowNote {
  /** The id of the workflow's own job. */
  readonly w: string
  readonly path: string
}

/** The core's own notes on a job, stored beside its payload. */
export interface JobMeta extends JobTerms {
  /** W3C headers of the span that enqueued the job. */
  readonly trace?: Carrier
  /** The spans of the job begin a trace of their own and only link to the one that enqueued it. */
  readonly link?: true
  /** The schedule that made the job. */
  readonly schedule?: string
  /** Where the job's life is broadcast. */
  readonly room?: string
  /** The workflow that the job is part of. */
  readonly flow?: FlowNote
}

const none: JobMeta = {}

export function encodeMeta(meta: JobMeta): string {
  for (const _ in meta) return JSON.stringify(meta)
  return '{}'
}

/** Notes that cannot be read are none: they must not keep a job from running. */
export function decodeMeta(text: string): JobMeta {
  if (text === '{}') return none
  try {
    const { trace, link, schedule, room, maxRetries, backoff, deadline, expiresIn, flow } = JSON.parse(text) as Record<
      string,
      unknown
    >
    return {
      ...(typeof trace === 'object' && trace !== null && { trace: trace as Carrier }),
      ...(link === true && { link }),
      ...(typeof schedule === 'string' && { schedule }),
      ...(typeof room === 'string' && room !== '' && { room }),
      ...(typeof maxRetries === 'number' && { maxRetries }),
      ...(typeof backoff === 'object' && backoff !== null && { backoff: numbersOf(backoff) }),
      ...(typeof deadline === 'number' && { deadline }),
      ...(typeof expiresIn === 'number' && { expiresIn }),
      ...(isFlowNote(flow) && { flow }),
    }
  } catch {
    return none // Written by something else than triport.
  }
}

function numbersOf(backoff: object): Partial<Backoff> {
  return Object.fromEntries(Object.entries(backoff).filter(([, value]) => typeof value === 'number'))
}

function isFlowNote(value: unknown): value is FlowNote {
  const { w, path } = (value ?? {}) as Partial<FlowNote>
  return typeof w === 'string' && typeof path === 'string'
}
