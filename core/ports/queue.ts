import type { Driver, ServerAddress } from './driver.js'
import type { ClaimedJob, JobRecord, JobState, Lease, NewJob, QueueCounts } from './job.js'
import type { ScheduleStore } from './schedules.js'
import type { WorkerRegistry } from './workers.js'

/** What a driver can do beyond the contract that all share. The conformance suite tests the yes and the no. */
export interface QueueSupports {
  /** Jobs outlive the process that enqueued them. */
  readonly durable: boolean
  /** Several processes may claim from the same queue. */
  readonly shared: boolean
  /** `enqueue` takes the caller's database transaction as `tx`. Where it does not, a `tx` MUST be refused with `ERR_UNSUPPORTED`. */
  readonly transactions: boolean
  /**
   * `enqueue` makes its jobs due at once and resolves when they, and what follows them, have ended, were put back or wait in a paused
   * queue, not when they are stored. Groups bound nothing: a job that waits for one that it enqueues holds its own place meanwhile.
   */
  readonly inline: boolean
  /** `QueueSignals.event` is called for what happens in every process. Where it is not, it MUST never be called. */
  readonly events: boolean
  /**
   * Calls of `enqueue` that do not wait for each other are under way together, and store their jobs in the order of the calls. The core
   * then cuts large batches: the backend works on one piece while the next one is made. A `claim` that is made after them mostly finds
   * their jobs, so a worker in the process that enqueues asks at once.
   *
   * @default false
   */
  readonly pipelined?: boolean
}

/** What became of one job of an `enqueue` call. */
export interface EnqueueOutcome {
  readonly id: string
  /** True when a job of this id existed already, or one that holds the lock: nothing was stored. */
  readonly deduplicated: boolean
  /** The job that gave way to this one. */
  readonly replaced?: ReplacedJob
}

/** What is told of a job that gave way: its record may be gone already. */
export type ReplacedJob = Pick<JobRecord, 'id' | 'meta' | 'deliveries'>

/** One way a delivery ended, decided by the core. */
export type Outcome =
  | { readonly type: 'completed'; readonly result: string | undefined; readonly keep: number }
  | { readonly type: 'failed'; readonly error: string; readonly reason: string; readonly keep: number }
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

/** A token bucket: `tokens` per `per` milliseconds, at most `burst` saved up. A claimed job costs one token. */
export interface RateLimit {
  readonly tokens: number
  readonly per: number
  readonly burst: number
}

/** What a worker asks for. */
export interface ClaimRequest {
  readonly queue: string
  /** At most this many jobs, 1 or more. */
  readonly max: number
  /** Milliseconds until the claim lapses unless it is extended. */
  readonly lease: number
  /** Identifies the worker in records and in introspection. */
  readonly worker: string
  /** How many jobs of the queue may be active at a time, over all workers. @default no bound */
  readonly concurrency?: number
  /** How fast jobs of the queue may be claimed, over all workers. The bucket is full at first. @default no bound */
  readonly rate?: RateLimit
  /** Deliveries to end in the same round trip, before the claim. */
  readonly settle?: readonly Settlement[]
}

/** What a claim brings, and what became of the jobs that it settled. */
export interface ClaimReply {
  readonly jobs: readonly ClaimedJob[]
  /** In the order of `request.settle`. */
  readonly settled: readonly SettleReply[]
  /**
   * Milliseconds until this claim could bring another job without a signal before: the next delayed job is due, whatever its group, or
   * the next token of `request.rate` is there; when a job waits for a token, the token's. `undefined` when `max` jobs came, and when
   * only a signal can change anything, as while the queue is paused or full.
   */
  readonly nextDue?: number
}

/** What a running job tells of itself. */
export interface ProgressUpdate extends Lease {
  /** Replaces the progress of before. */
  readonly value?: string
  /**
   * Lines to append to the job's log, which keeps the newest `keptLogLines`. Opaque. The one thing that MAY be there twice when a call is
   * sent again.
   */
  readonly log?: readonly string[]
}

/** Which jobs to list. */
export interface ListRequest {
  readonly queue: string
  readonly state: JobState
  /** Only jobs of this task. */
  readonly task?: string
  /** At most this many, 1 or more. */
  readonly max: number
  /** The `next` of the page before. @default the first page */
  readonly cursor?: string
}

/** One page of a list. */
export interface JobPage {
  /** May be fewer than asked for, even none, although there is a `next`. */
  readonly jobs: readonly JobRecord[]
  /** Absent on the last page. */
  readonly next?: string
}

/** `live`: it has not ended, so it stays. */
export type RemoveReply = 'removed' | 'live' | 'unknown'

/** `kept`: it has not failed, so nothing was changed. */
export type RedriveReply = 'redriven' | 'kept' | 'unknown'

/** Something that happened to a job. `released`: put back without having counted. `lapsed`: its lease ended, and it waits again. */
export interface JobSignal {
  readonly type:
    | 'enqueued'
    | 'started'
    | 'progressed'
    | 'completed'
    | 'retried'
    | 'failed'
    | 'cancelled'
    | 'released'
    | 'lapsed'
  readonly queue: string
  readonly id: string
  readonly task: string
  readonly deliveries: number
}

/**
 * `cancelled`: it was waiting and has ended. `requested`: it is running, and its worker has been told.
 * `finished`: it had ended before. `unknown`: there is no such job.
 */
export type CancelReply = 'cancelled' | 'requested' | 'finished' | 'unknown'

/** Hints from the backend. Each may come late, twice or never; the core polls as well. */
export interface QueueSignals {
  /** A job of this queue may be due, or may be claimed now that it could not be before. */
  wake?(queue: string): void
  /** Cancellation of this active job was requested. */
  cancel?(id: string): void
  /** This watched job has ended. */
  settled?(id: string): void
  /** Something happened to a job of one of `queues`. Only with `supports.events`. */
  event?(event: JobSignal): void
  /** The link to the backend was renewed: anything may have been missed. */
  resync?(): void
}

/** A live subscription to `QueueSignals`. */
export interface QueueListener {
  /**
   * Resolves when signals about these jobs will arrive, with the ids of those that are to be read, because there may be no signal
   * about them any more: those that have ended or are unknown, and any others. A job may be watched several times.
   */
  watch(ids: readonly string[]): Promise<readonly string[]>
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
 * - A job whose `lock` is held by another job of its queue MUST NOT be stored: the answer is the holder's id, `deduplicated: true`. But
 *   a holder that `lock.replace` makes give way MUST end in the same atomic step in which the new job is stored, and be answered as
 *   `replaced` by the call in which it did. Ids go before locks, and of the jobs of one call the earlier ones before the later ones.
 *   Looking for a holder and storing MUST be one step.
 * - A lock that is held until `claimed` MUST be free from the first claim on, and one until `ended` when its job ends, however that
 *   happens, or is gone. A job that is put back or redriven does not take its lock again. A holder that has ended once never gives way.
 * - Enqueuing with `hasten` MUST make a job of that id due at once when it is `delayed`, and wake; it answers `deduplicated: true`.
 *   `firstDueAt` of one that was never claimed is then now.
 *
 * Claims
 * - `claim` MUST give a job to one caller only, MUST NOT give a job before it is due on the server's clock, and MUST count
 *   the delivery in the same step.
 * - Jobs of higher priority MUST be given first. Those of equal priority MUST be given in the order in which they became due,
 *   jobs of one call in the call's order; jobs that were put back MAY be given sooner or later than that.
 * - Jobs with a `group` stand in a line of their own per priority and group key, all others of that priority in one line, and the
 *   order above holds within a line. The lines of a priority MUST take turns: within one claim, no line gives two jobs more than
 *   another one that has a job which may be given, and a line that was given from goes behind the others for later claims too. A line
 *   whose first job may not be given, because its group is full, is passed over, also for jobs of lower priority.
 * - `claim` MUST NOT make more jobs of a group active than the `limit` of the job that it gives, nor more of a queue than
 *   `request.concurrency`, nor more at a time than `request.rate` has tokens for. A paused queue gives none. All of this MUST hold
 *   over all callers. A job counts as active from its claim until it is settled or its lapsed lease is found, once.
 * - What `request.settle` ends MUST count before the limits of the same claim are looked at.
 * - When a place becomes free by a settle, a lapse or a resume, and a job waited for it, `wake` MUST follow.
 * - A lease that was not extended in time MUST only put its job back to `waiting`. `claim` MUST find all such jobs of its queue before
 *   it looks for jobs; until it does, they MAY be shown as `active` and their leases MAY still be extended and settled.
 * - `extend`, `settle` and `progress` with a token that is not the job's current one MUST change nothing and say `lost`.
 * - `claim` MUST apply `request.settle` before it looks for jobs.
 * - `settle` MUST apply outcome, `enqueue` and `join` in one atomic step, settlement by settlement, when it says `settled`.
 * - An outcome `released` MUST give its delivery back; `retry` and `released` MUST make the job due after `delay` milliseconds.
 * - A job whose cancellation was requested MUST NOT be put back by `retry` or `released`: `settle` changes nothing and says
 *   `cancelled`. When its lease lapses, `claim` MUST hand it over with `cancelRequest`. Only the core ends a job that ran.
 * - Settled as `cancelled`, a job whose cancellation was requested MUST get the error of the first request, not the outcome's:
 *   that one has the reason.
 * - `cancel` MUST end a job that waits, and apply `enqueue` and `join` in the same atomic step. To an active one it MUST do no
 *   more than note the request and signal it.
 * - Counting a member of a join that has fired MUST change nothing for the join's `keep`.
 * - A settlement may name the same job only once per call.
 *
 * Dead letters
 * - `redrive` MUST make a failed job due at once, as if it were new: deliveries from 0, no error, no reason, no progress and no request
 *   to cancel, `firstDueAt` now. Its failures and its log stay. `remove` MUST forget an ended job, with its log.
 *
 * Reading
 * - `list` MUST give each job that is in the state from the first to the last page once, and those that have ended in the order in
 *   which they ended, newest first, of those that ended in one millisecond any first. The order of the others is the driver's.
 * - `get` MUST see every write that has been acknowledged. Records of ended jobs MUST be readable for `keep` milliseconds,
 *   or as long as a stated bound on their number allows, and MUST be gone when it has passed.
 *
 * Signals
 * - `listen` MUST resolve when signals will arrive. `watch` MUST name each job that has ended or is unknown. A driver MUST serve any number of watched ids with a fixed number of
 *   subscriptions, and MUST call `resync` after each interruption.
 */
export interface QueueDriver extends Driver, ScheduleStore, WorkerRegistry {
  readonly supports: QueueSupports
  /** Where the jobs are kept, when that is a server and the options name it: spans tell it. */
  readonly server?: ServerAddress | undefined
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
  /** Stops or allows claims from the queue, for every worker, until it is called again. */
  pause(queue: string, paused: boolean): Promise<void>
  isPaused(queue: string): Promise<boolean>
  list(request: ListRequest): Promise<JobPage>
  /** In the order of `ids`. */
  remove(ids: readonly string[]): Promise<readonly RemoveReply[]>
  /** In the order of `ids`. */
  redrive(ids: readonly string[]): Promise<readonly RedriveReply[]>
  /** What is kept of the job's log, oldest first; empty when there is none. */
  log(id: string): Promise<readonly string[]>
  /** Subscribes. `queues` are the ones whose `wake`, `cancel` and `event` are wanted. */
  listen(options: { readonly queues: readonly string[]; readonly signals: QueueSignals }): Promise<QueueListener>
}
