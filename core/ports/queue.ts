import type { Driver } from './driver.js'

/**
 * Where a job is.
 *
 * A job starts `waiting`, or `delayed` until it is due. A claim makes it `active`. It ends `completed`, `failed` (the dead
 * letters) or `cancelled`; a retry and a release put it back to `waiting` or `delayed`.
 */
export type JobState = 'waiting' | 'delayed' | 'active' | 'completed' | 'failed' | 'cancelled'

/** What a driver can do beyond the contract that all share. The conformance suite tests the yes and the no. */
export interface QueueSupports {
  /** Jobs outlive the process that enqueued them. */
  readonly durable: boolean
  /** Several processes may claim from the same queue. */
  readonly shared: boolean
  /** `enqueue` takes the caller's database transaction as `tx`. Where it does not, a `tx` MUST be refused with `ERR_UNSUPPORTED`. */
  readonly transactions: boolean
  /** `enqueue` makes its jobs due at once and resolves when they have ended or were put back, not when they are stored. */
  readonly inline: boolean
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
}

/** What became of one job of an `enqueue` call. */
export interface EnqueueOutcome {
  readonly id: string
  /** True when a job of this id existed already: nothing was stored. */
  readonly deduplicated: boolean
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
  /** How often the job was claimed, this claim included, less the claims that were released. Starts at 1. */
  readonly deliveries: number
  /** Server time of the enqueue, milliseconds since the epoch. */
  readonly enqueuedAt: number
  /** Server time at which this delivery became due. */
  readonly dueAt: number
  /** Server time of this claim. */
  readonly claimedAt: number
  /** Its cancellation was requested before its last lease lapsed. The core ends it and does not run it. */
  readonly cancelRequested: boolean
}

/** One way a delivery ended, decided by the core. */
export type Outcome =
  | { readonly type: 'completed'; readonly result: string | undefined; readonly keep: number }
  | { readonly type: 'failed'; readonly error: string; readonly keep: number }
  | { readonly type: 'cancelled'; readonly error: string; readonly keep: number }
  | { readonly type: 'retry'; readonly delay: number; readonly error: string }
  | { readonly type: 'released'; readonly delay: number }

/** Counts members of a workflow as they end, and enqueues what follows the last one. */
export interface Join {
  /** Names the counter, across all queues. */
  readonly id: string
  /** This member's place. Counting the same member again MUST change nothing. */
  readonly member: number
  /** How many members there are. */
  readonly size: number
  /** Milliseconds for which the counter is remembered after it was last counted. */
  readonly keep: number
  /** Enqueued in the same step in which the last member is counted. */
  readonly next: readonly NewJob[]
}

/** What becomes true in the same atomic step in which a delivery or a job ends. */
export interface Ending {
  /** Jobs to store, each once however often the call is sent. */
  readonly enqueue?: readonly NewJob[]
  readonly join?: Join
}

/** Ends one delivery. */
export interface Settlement extends Lease, Ending {
  readonly outcome: Outcome
}

/** Asks for one job to end. `enqueue` and `join` apply when it ends here, because it was waiting. */
export interface Cancellation extends Ending {
  readonly id: string
  readonly error: string
  /** How long the record is kept of a job that ends here, in milliseconds. */
  readonly keep: number
}

/**
 * `cancelled`: the outcome was `retry` or `released`, but the job's cancellation was requested. Nothing was changed and the lease
 * is still held: settle the job as `cancelled`.
 * `lost`: the lease is no longer this worker's, and nothing was changed.
 */
export type SettleReply = 'settled' | 'cancelled' | 'lost'

/** `lost`: the lease is no longer this worker's, and nothing was stored. */
export type ProgressReply = 'stored' | 'lost'

/** `cancelled`: still held, but somebody asked for the job to be cancelled. */
export type ExtendReply = 'held' | 'cancelled' | 'lost'

/** What a worker asks for. */
export interface ClaimRequest {
  readonly queue: string
  /** At most this many jobs, 1 or more. */
  readonly max: number
  /** Milliseconds until the claim lapses unless it is extended. */
  readonly lease: number
  /** Identifies the worker in records and in introspection. */
  readonly worker: string
  /** Deliveries to end in the same round trip, before the claim. */
  readonly settle?: readonly Settlement[]
}

/** What a claim brings, and what became of the jobs that it settled. */
export interface ClaimReply {
  readonly jobs: readonly ClaimedJob[]
  /** In the order of `request.settle`. */
  readonly settled: readonly SettleReply[]
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
  readonly dueAt: number
  /** Server time of the latest claim. Absent while `deliveries` is 0. */
  readonly startedAt?: number
  readonly finishedAt?: number
  /** The encoded value of the last `progress` call. */
  readonly progress?: string
  /** The encoded result of a completed job. */
  readonly result?: string
  /** The encoded error of the last attempt that had one. Absent when the job has completed. */
  readonly error?: string
  /** Its cancellation was requested while it was active. */
  readonly cancelRequested: boolean
}

/** Progress of a running job, encoded. */
export interface ProgressUpdate extends Lease {
  readonly value: string
}

/**
 * `cancelled`: it was waiting and has ended. `requested`: it is running, and its worker has been told.
 * `finished`: it had ended before. `unknown`: there is no such job.
 */
export type CancelReply = 'cancelled' | 'requested' | 'finished' | 'unknown'

/** How many jobs of a queue are in each state, counted when asked. */
export type QueueCounts = Readonly<Record<JobState, number>>

/** Hints from the backend. Each may come late, twice or never; the core polls as well. */
export interface QueueSignals {
  /** A job of this queue may be due. */
  wake?(queue: string): void
  /** Cancellation of this active job was requested. */
  cancel?(id: string): void
  /** This watched job has ended. */
  settled?(id: string): void
  /** The link to the backend was renewed: anything may have been missed. */
  resync?(): void
}

/** A live subscription to `QueueSignals`. */
export interface QueueListener {
  /** Resolves when signals about these jobs will arrive. A job may be watched several times. */
  watch(ids: readonly string[]): Promise<void>
  unwatch(ids: readonly string[]): void
  close(): Promise<void>
}

/**
 * Stores jobs. The core decides everything else.
 *
 * Storage
 * - `enqueue` MUST resolve only when the jobs are as durable as `supports.durable` promises, in one atomic step per call.
 * - Enqueuing an id that exists MUST store nothing and answer `deduplicated: true`. The ids of a call are answered in its order.
 * - A reply that was lost MUST be harmless: sending the same call again changes nothing that the first call did. The core knows
 *   that `lost` and `deduplicated` may then mean that the first call has worked.
 * - An id or a token that no driver made is unknown or lost, never an error.
 *
 * Claims
 * - `claim` MUST give a job to one caller only, MUST NOT give a job before it is due on the server's clock, and MUST count
 *   the delivery in the same step.
 * - Jobs of higher priority MUST be given first. Those of equal priority MUST be given in the order in which they became due,
 *   jobs of one call in the call's order; jobs that were put back MAY be given sooner or later than that.
 * - A lease that was not extended in time MUST only put its job back to `waiting`. `claim` MUST find such jobs by itself; until
 *   it does, they MAY be shown as `active` and their leases MAY still be extended and settled.
 * - `extend`, `settle` and `progress` with a token that is not the job's current one MUST change nothing and say `lost`.
 * - `claim` MUST apply `request.settle` before it looks for jobs.
 * - `settle` MUST apply outcome, `enqueue` and `join` in one atomic step, settlement by settlement, when it says `settled`.
 * - An outcome `released` MUST give its delivery back; `retry` and `released` MUST make the job due after `delay` milliseconds.
 * - A job whose cancellation was requested MUST NOT be put back by `retry` or `released`: `settle` changes nothing and says
 *   `cancelled`. When its lease lapses, `claim` MUST hand it over with `cancelRequested`. Only the core ends a job that ran.
 * - Settled as `cancelled`, a job whose cancellation was requested MUST get the error of the first request, not the outcome's:
 *   that one has the reason.
 * - `cancel` MUST end a job that waits, and apply `enqueue` and `join` in the same atomic step. To an active one it MUST do no
 *   more than note the request and signal it.
 * - Counting a member of a join that has fired MUST change nothing for the join's `keep`.
 * - A settlement may name the same job only once per call.
 *
 * Reading
 * - `get` MUST see every write that has been acknowledged. Records of ended jobs MUST be readable for `keep` milliseconds,
 *   or as long as a stated bound on their number allows, and MUST be gone when it has passed.
 *
 * Signals
 * - `listen` MUST resolve when signals will arrive. A driver MUST serve any number of watched ids with a fixed number of
 *   subscriptions, and MUST call `resync` after each interruption.
 */
export interface QueueDriver extends Driver {
  readonly supports: QueueSupports
  /** Stores the jobs. `tx` is the caller's transaction, given only where `supports.transactions`. */
  enqueue(jobs: readonly NewJob[], options?: { readonly tx?: unknown }): Promise<readonly EnqueueOutcome[]>
  claim(request: ClaimRequest): Promise<ClaimReply>
  /** Renews each lease to end `lease` milliseconds from now; replies are in the order of `leases`. */
  extend(leases: readonly Lease[], lease: number): Promise<readonly ExtendReply[]>
  settle(settlements: readonly Settlement[]): Promise<readonly SettleReply[]>
  progress(updates: readonly ProgressUpdate[]): Promise<readonly ProgressReply[]>
  /** In the order of `ids`; `undefined` for a job that is unknown or no longer kept. */
  get(ids: readonly string[]): Promise<readonly (JobRecord | undefined)[]>
  /** In the order of `cancellations`. */
  cancel(cancellations: readonly Cancellation[]): Promise<readonly CancelReply[]>
  counts(queue: string): Promise<QueueCounts>
  /** Milliseconds until the next job of the queue is due or the next lease lapses; `undefined` when there is neither. */
  nextDue(queue: string): Promise<number | undefined>
  /** Subscribes. `queues` are the ones whose `wake` and `cancel` are wanted. */
  listen(options: { readonly queues: readonly string[]; readonly signals: QueueSignals }): Promise<QueueListener>
}
