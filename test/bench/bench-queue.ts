/** What a queue is opened for: peers have other settings that are their best for each. */
export type Use = 'enqueue' | 'bulk' | 'drain' | 'pickup' | 'roundtrip'

/** The work of job `number`. What it returns, or resolves with, is the job's result. */
export type Run = (number: number) => unknown

/** One queue as the workloads use it: triport's, a peer's or a control's. */
export interface BenchQueue {
  /** Resolves when job `number` is stored. */
  enqueue(number: number): Promise<unknown>
  /** Stores these jobs with one call. */
  enqueueMany(numbers: readonly number[]): Promise<unknown>
  /** Enqueues job `number`, and resolves with its result. */
  call?(number: number): Promise<unknown>
  /** How many jobs wait or run. */
  remaining(): Promise<number>
  close(): Promise<void>
  /** Its results can get lost. They are told then, and the figure counts the others. */
  readonly losesResults?: boolean
}

/** A queue that takes part. */
export interface Contender {
  /** @default every use */
  readonly uses?: readonly Use[]
  /** @param run The jobs' work: with it a worker runs in this process. */
  open(use: Use, run?: Run): Promise<BenchQueue>
}

/** The data of a job, about 100 bytes. */
export interface Payload {
  readonly workflowId: string
  readonly number: number
  readonly options: { readonly seed: number; readonly steps: number }
}

export function payloadOf(number: number): Payload {
  return { workflowId: '0190c0de-cafe', number, options: { seed: 42, steps: 1_000 } }
}
