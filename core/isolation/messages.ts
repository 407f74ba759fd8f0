import type { Attributes, SpanContext, SpanLink, SpanOptions } from '../ports/tracer.js'

/** Names a run within its isolate: what comes late for one that has ended is told from what belongs to the present one. */
type RunNumber = number

/** What the host tells its guest. */
export type ToGuest =
  | RunMessage
  | { readonly type: 'abort'; readonly run: RunNumber; readonly reason: string }
  | { readonly type: 'answer'; readonly call: number; readonly value?: string; readonly error?: string }

/** Begins a run. */
export interface RunMessage {
  readonly type: 'run'
  readonly run: RunNumber
  /** Where the task is exported. */
  readonly module: string
  readonly task: string
  readonly jobId: string
  readonly key?: string
  readonly attempt: number
  /** Encoded. */
  readonly input: string
  /** When it was sent, by the host's clock and on the scale that `performance` has in all threads of a process, in milliseconds. */
  readonly sent: { readonly clock: number; readonly performance: number }
  /** The span that is current in the host, when the run is traced. */
  readonly trace?: {
    readonly context: SpanContext
    readonly recording: boolean
    /** As a W3C header: what may leave the host. */
    readonly baggage?: string
  }
}

/** What a guest tells its host. */
export type ToHost = { readonly run: RunNumber } & (
  | CallMessage
  | { readonly type: 'spans'; readonly steps: readonly SpanStep[] }
  | { readonly type: 'returned'; readonly result?: string }
  | { readonly type: 'failed'; readonly error: ErrorNote; readonly unusable?: boolean }
)

/** Calls a function of the host. */
export interface CallMessage {
  readonly type: 'call'
  readonly call: number
  readonly name: string
  /** Encoded. */
  readonly args: string
  /** The current span of the caller; 0 is the job's. */
  readonly span: number
  /** The baggage of the caller as a W3C header, where it is not the job's. */
  readonly baggage?: string
}

/** So many errors of a run are remembered, so that a trace records each once. */
export const rememberedErrors = 100

/** An error that may be mentioned several times: the text, encoded, comes with the first mention, and with each when it is not remembered. */
export interface ErrorNote {
  readonly number: number
  readonly text?: string
}

/** One step in the life of a guest's span, to be repeated on a span of the host. */
export type SpanStep = { readonly span: number } & (
  | {
      readonly do: 'start'
      readonly name: string
      /** A span of the guest, a span elsewhere, or none. */
      readonly parent: number | SpanContext | 'root'
      readonly options: Omit<SpanOptions, 'parent'>
    }
  | { readonly do: 'set'; readonly attributes: Attributes }
  | { readonly do: 'event'; readonly name: string; readonly attributes: Attributes }
  | { readonly do: 'link'; readonly link: SpanLink }
  | { readonly do: 'rename'; readonly name: string }
  | { readonly do: 'fail'; readonly error: ErrorNote }
  | { readonly do: 'failAs'; readonly type: string; readonly message?: string }
  | { readonly do: 'end'; readonly at: number }
)
