import type { Carrier } from '../ports/tracer.js'

/** The core's own notes on a job, stored beside its payload. */
export interface JobMeta {
  /** W3C headers of the span that enqueued the job. */
  readonly trace?: Carrier
  /** The spans of the job begin a trace of their own and only link to the one that enqueued it. */
  readonly link?: true
  /** Where the job's life is broadcast. */
  readonly room?: string
  /** Overrides the task's own. */
  readonly maxRetries?: number
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
    const { trace, link, room, maxRetries } = JSON.parse(text) as Readonly<Record<string, unknown>>
    return {
      ...(typeof trace === 'object' && trace !== null && { trace: trace as Carrier }),
      ...(link === true && { link }),
      ...(typeof room === 'string' && room !== '' && { room }),
      ...(typeof maxRetries === 'number' && { maxRetries }),
    }
  } catch {
    return none // Written by something else than triport.
  }
}
