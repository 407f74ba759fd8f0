import { systemClock } from '../../core/clock.js'
import { checkOptionNames } from '../../core/driver-options.js'
import { TriportError } from '../../core/errors.js'
import type { QueueDriver, QueueListener, Settlement, SettleReply } from '../../core/ports/queue.js'
import { ignore, type Report } from '../../core/report.js'
import { createInline } from './inline.js'
import { queueOptionNames } from './option-names.js'
import { createListener } from './queue-listener.js'
import { createStore, type JobStore } from './queue-store.js'
import { createSchedules, type Schedules } from './schedule-store.js'
import { createWorkerList, type WorkerList } from './worker-list.js'

/** Options of the queue drivers `memory` and `sync`. */
export interface MemoryQueueOptions {
  /**
   * How many records of ended jobs are kept at most, for `getResult` and deduplication. The oldest go first, even before their
   * time is up.
   *
   * @default 100_000
   */
  readonly keepFinished?: number
  /** Jobs to share with other queues of this process. @default a store of its own */
  readonly store?: MemoryQueueStore
}

/** Jobs that several memory queues of one process share, as several processes share a server. */
export interface MemoryQueueStore {
  /** @internal */
  readonly jobs: JobStore
  /** @internal */
  readonly schedules: Schedules
  /** @internal */
  readonly workers: WorkerList
}

/** Makes a store to share between memory queues. */
export function memoryQueueStore(options: Pick<MemoryQueueOptions, 'keepFinished'> = {}): MemoryQueueStore {
  const jobs = createStore(options.keepFinished ?? 100_000)
  return { jobs, schedules: createSchedules(jobs.enqueue), workers: createWorkerList() }
}

/**
 * Keeps jobs in the memory of this process. They are gone when it ends.
 *
 * @throws `ERR_CONFIG_INVALID` for options that are not known.
 */
export function memoryQueue(options: MemoryQueueOptions = {}): QueueDriver {
  return createMemoryQueue('memory', options)
}

/**
 * Runs each job at once: `enqueue` resolves when the job has ended, its retries included. Delays and backoff are not waited
 * for. A worker has to run in the same process, and runs as many jobs side by side as are enqueued.
 *
 * A job that its worker puts back, because it stops or does not know the task, and one whose queue is paused, stays in memory, and `enqueue`
 * resolves then.
 */
export function syncQueue(options: MemoryQueueOptions = {}): QueueDriver {
  return createMemoryQueue('sync', options)
}

function createMemoryQueue(name: 'memory' | 'sync', options: MemoryQueueOptions): QueueDriver {
  checkOptionNames(`${name}Queue`, options, queueOptionNames satisfies readonly (keyof MemoryQueueOptions)[])
  const { jobs, schedules, workers } = options.store ?? memoryQueueStore(options)
  const inline = name === 'sync' ? createInline(jobs) : undefined
  const listeners = new Set<QueueListener>()
  let now = systemClock.now
  let report: Report = ignore

  function settle(settlements: readonly Settlement[]): SettleReply[] {
    return settlements.map((settlement) => jobs.settle(inline ? inline.hurry(settlement) : settlement, now()))
  }

  return {
    name,
    supports: { durable: false, shared: false, transactions: false, inline: inline !== undefined, events: true },
    async start(context) {
      now = context.clock.now
      report = context.report
    },
    async stop() {
      for (const listener of listeners) await listener.close()
    },
    async enqueue(newJobs, { tx } = {}) {
      if (tx !== undefined) throw noTransactions(name)
      return inline ? inline.enqueue(newJobs, now()) : newJobs.map((job) => jobs.enqueue(job, now()))
    },
    async claim(request) {
      const settled = request.settle ? settle(request.settle) : []
      return { ...jobs.claim(request, now()), settled }
    },
    extend: async (leases, length) => leases.map((lease) => jobs.extend(lease, length, now())),
    settle: async (settlements) => settle(settlements),
    progress: async (updates) => updates.map((update) => jobs.progress(update, now())),
    get: async (ids) => ids.map((id) => jobs.get(id, now())),
    async cancel(cancellations) {
      return cancellations.map((each) => jobs.cancel(inline ? inline.hurryAfter(each) : each, now()))
    },
    counts: async (queue) => jobs.counts(queue, now()),
    async pause(queue, paused) {
      jobs.pause(queue, paused)
      if (paused) inline?.pause(queue, now())
    },
    isPaused: async (queue) => jobs.isPaused(queue),
    list: async (request) => jobs.list(request, now()),
    remove: async (ids) => ids.map((id) => jobs.remove(id, now())),
    redrive: async (ids) => ids.map((id) => jobs.redrive(id, now())),
    log: async (id) => jobs.log(id, now()),
    saveSchedule: async (schedule) => schedules.save(schedule, now()),
    removeSchedule: async (schedule) => schedules.remove(schedule),
    pauseSchedule: async (schedule, paused) => schedules.pause(schedule, paused, now()),
    schedules: async () => ({ now: now(), schedules: schedules.all() }),
    tickSchedule: async (tick) => schedules.tick(tick, now()),
    announceWorker: async (worker) => workers.announce(worker, now()),
    withdrawWorker: async (id) => workers.withdraw(id),
    workers: async () => workers.all(now()),
    async listen({ queues, signals }) {
      const leave = signals.wake && inline?.serve(queues) // Who cannot be woken runs nothing.
      const listener = createListener({ jobs, queues, signals, report, now: () => now() }, () => {
        leave?.()
        listeners.delete(listener)
      })
      listeners.add(listener)
      return listener
    },
  }
}

function noTransactions(name: string): TriportError {
  return new TriportError('ERR_UNSUPPORTED', `The ${name} queue cannot enqueue in a transaction. Leave out \`tx\`.`)
}
