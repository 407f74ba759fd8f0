/**
 * Where a job is.
 *
 * A job starts `waiting`, or `delayed` until it is due. A claim makes it `active`. It ends `completed`, `failed` (the dead
 * letters) or `cancelled`; a retry and a release put it back to `waiting` or `delayed`, and a redrive does so with a failed one.
 */
export type JobState = 'waiting' | 'delayed' | 'active' | 'completed' | 'failed' | 'cancelled'

/** How many jobs of a queue are in each state, counted when asked. */
export type QueueCounts = Readonly<Record<JobState, number>>

/** Keeps other jobs of the same queue and key out while its job holds it. */
export interface Lock {
  /** The caller's text, opaque to the driver. */
  readonly key: string
  /**
   * When the lock is free again: at the job's first claim, at its end or removal, or so many milliseconds after its enqueue,
   * whatever has become of it by then.
   */
  readonly until: 'claimed' | 'ended' | number
  /** Given, a holder that is waiting or delayed gives way: it ends `cancelled` with this error. An active or ended one stays. */
  readonly replace?: { readonly error: string; readonly keep: number }
}

/** Bounds how many jobs with the same key of one queue are active at a time. */
export interface Group {
  /** Opaque to the driver. */
  readonly key: string
  /** 1 or more. The job is given only while fewer than so many of its group are active. */
  readonly limit: number
}

/** A job as the core hands it over to be stored. Texts are opaque to the driver and hold no U+0000. */
export interface NewJob {
  /**
   * A UUID in lower case, version 7 when generated and version 8 when derived from `key`. It names one job across all queues:
   * the core never uses it for two.
   */
  readonly id: string
  /** Matches `/^[\w.\-/]{1,100}$/`. */
  readonly queue: string
  readonly task: string
  /** The encoded input. */
  readonly payload: string
  /** The core's own notes on the job (trace, retry policy, room): encoded, never interpreted. */
  readonly meta: string
  /** The caller's text that `id` was derived from. */
  readonly key?: string
  /** An integer of 32 bits. Higher runs sooner. */
  readonly priority: number
  /** Milliseconds from the server's now until the job is due. 0 or less means at once. */
  readonly delay: number
  /** When the job is due on the server's clock, in milliseconds since the epoch. Counts instead of `delay`. */
  readonly runAt?: number
  readonly lock?: Lock
  readonly group?: Group
  /** A `delayed` job of this id becomes due at once. Nothing else of it changes. */
  readonly hasten?: true
}

/** A claim on one job. The token is new with every claim. */
export interface Lease {
  readonly queue: string
  readonly id: string
  readonly token: string
}

/** A job that this worker may run until its lease ends. */
export interface ClaimedJob extends Lease {
  readonly task: string
  readonly payload: string
  readonly meta: string
  readonly key?: string
  readonly priority: number
  /** How often the job was claimed, this claim included, less the claims that were released. Starts at 1, also after a redrive. */
  readonly deliveries: number
  /** Server time of the enqueue, milliseconds since the epoch. */
  readonly enqueuedAt: number
  /** Server time at which the first delivery became due, or of the last redrive. */
  readonly firstDueAt: number
  /** Server time at which this delivery became due. */
  readonly dueAt: number
  /** Server time of this claim. */
  readonly claimedAt: number
  /**
   * The error of the first request to cancel it, when that came before its last lease lapsed. The core ends it and does not run
   * it.
   */
  readonly cancelRequest?: string
}

/** An attempt that did not succeed. */
export interface AttemptFailure {
  /** Which delivery it was. */
  readonly delivery: number
  /** Server time at which it was settled. */
  readonly at: number
  readonly error: string
}

/** What is known about a job. */
export interface JobRecord {
  readonly id: string
  readonly queue: string
  readonly task: string
  readonly payload: string
  readonly meta: string
  readonly key?: string
  readonly state: JobState
  readonly priority: number
  readonly deliveries: number
  readonly enqueuedAt: number
  readonly firstDueAt: number
  readonly dueAt: number
  /** Server time of the latest claim. Absent while `deliveries` is 0. */
  readonly startedAt?: number
  readonly finishedAt?: number
  /** The last `value` of `progress`. */
  readonly progress?: string
  /** The encoded result of a completed job. */
  readonly result?: string
  /** The encoded error of the last attempt that had one. Absent when the job has completed, and after a redrive. */
  readonly error?: string
  /** Why a failed job got no further attempt: the core's word. */
  readonly reason?: string
  /** The attempts that were settled as `retry` or `failed`, oldest first: the newest `keptFailures` of them. */
  readonly failures: readonly AttemptFailure[]
  /** The error of the first request to cancel it while it was active. */
  readonly cancelRequest?: string
}

/** How many failed attempts a record remembers. */
export const keptFailures = 10

/** How many lines of its log a job keeps. */
export const keptLogLines = 100
