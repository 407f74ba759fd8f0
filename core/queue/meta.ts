/** The core's own notes on a job, stored beside its payload. */
export interface JobMeta {
  /** W3C headers of the span that enqueued the job. */
  readonly trace?: Readonly<Record<string, string>>
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
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as JobMeta) : none
  } catch {
    return none // Written by something else than triport.
  }
}
