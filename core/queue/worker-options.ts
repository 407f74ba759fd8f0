import { type Duration, milliseconds } from '../duration.js'
import { messageOf } from '../errors.js'
import { unknownKeys } from '../suggest.js'
import { problemsOfCount } from './count.js'

/** How a process runs jobs. */
export interface WorkerOptions {
  /** How many jobs run at once in this process, over all queues. @default 10 */
  readonly concurrency?: number
  /** How soon the jobs of a killed worker run again. Running jobs renew it. From 1 s on. @default '30s' */
  readonly lease?: Duration
  /** How often to look for jobs when nothing wakes the worker: at most 1 s. @default '1s' */
  readonly poll?: Duration
  /** How long `stop()` lets running jobs go on before it aborts them. @default '10s' */
  readonly stopTimeout?: Duration
}

/** The options with their defaults, in milliseconds. */
export interface WorkerSettings {
  readonly concurrency: number
  readonly lease: number
  readonly poll: number
  readonly stopTimeout: number
}

/** @throws `ERR_DURATION_INVALID` */
export function workerSettings(options: WorkerOptions = {}): WorkerSettings {
  return {
    concurrency: options.concurrency ?? 10,
    lease: milliseconds(options.lease ?? '30s', 'worker.lease'),
    poll: milliseconds(options.poll ?? '1s', 'worker.poll'),
    stopTimeout: milliseconds(options.stopTimeout ?? '10s', 'worker.stopTimeout'),
  }
}

const known: readonly string[] = ['concurrency', 'lease', 'poll', 'stopTimeout'] satisfies (keyof WorkerOptions)[]

/** What is wrong with the `worker` of a configuration. */
export function problemsOfWorker(worker: WorkerOptions | boolean | undefined): string[] {
  if (worker === undefined || typeof worker === 'boolean') return []
  if (typeof worker !== 'object' || worker === null)
    return [`worker is ${String(worker)}. Give true, false or options.`]
  return [
    ...unknownKeys(worker, known, 'worker option'),
    ...(worker.concurrency === undefined ? [] : problemsOfCount('worker.concurrency', worker.concurrency)),
    ...problemsOfTimes(worker),
  ]
}

function problemsOfTimes(options: WorkerOptions): string[] {
  try {
    const { lease, poll } = workerSettings(options)
    return [
      ...(lease < 1_000 ? [`worker.lease is ${options.lease}. Give 1 s or more.`] : []),
      ...(poll < 1 || poll > 1_000 ? [`worker.poll is ${options.poll}. Give from 1 ms to 1 s.`] : []),
    ]
  } catch (error) {
    return [messageOf(error)]
  }
}
