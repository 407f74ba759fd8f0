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

/** The core's own notes on a job, stored beside its payload. */
export interface JobMeta extends JobTerms {
  /** W3C headers of the span that enqueued the job. */
  readonly trace?: Carrier
  /** The spans of the job begin a trace of their own and only link to the one that enqueued it. */
  readonly link?: true
  /** Where the job's life is broadcast. */
  readonly room?: string
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
    const { trace, link, room, maxRetries, backoff, deadline, expiresIn } = JSON.parse(text) as Record<string, unknown>
    return {
      ...(typeof trace === 'object' && trace !== null && { trace: trace as Carrier }),
      ...(link === true && { link }),
      ...(typeof room === 'string' && room !== '' && { room }),
      ...(typeof maxRetries === 'number' && { maxRetries }),
      ...(typeof backoff === 'object' && backoff !== null && { backoff: numbersOf(backoff) }),
      ...(typeof deadline === 'number' && { deadline }),
      ...(typeof expiresIn === 'number' && { expiresIn }),
    }
  } catch {
    return none // Written by something else than triport.
  }
}

function numbersOf(backoff: object): Partial<Backoff> {
  return Object.fromEntries(Object.entries(backoff).filter(([, value]) => typeof value === 'number'))
}
