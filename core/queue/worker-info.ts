import type { ServiceInfo } from '../ports/driver.js'
import type { WorkerRecord } from '../ports/workers.js'
import { version } from '../version.js'

/** Where a process runs. */
export interface HostInfo {
  readonly name: string
  readonly pid: number
}

/** A worker of any process, as it last announced itself. */
export interface WorkerStatus {
  readonly id: string
  /**
   * `alive`: it has claimed within the last 10 s, whether or not there was a job, or all its places are taken. `stalled`: it is up and does
   * not get to claim. `stopping`: it claims no more. One that was killed is listed for 15 s.
   */
  readonly state: 'alive' | 'stalled' | 'stopping'
  readonly host: HostInfo
  readonly service: ServiceInfo
  /** Of triport. */
  readonly version: string
  readonly queues: readonly string[]
  /** How many jobs it runs at once; absent when there is no bound. */
  readonly concurrency?: number
  readonly running: number
  readonly startedAt: Date
  /** Absent before its first claim. */
  readonly lastClaimAt?: Date
  /** When it announced itself, as all times here on the server's clock. */
  readonly seenAt: Date
}

/** A worker's account of itself. Times are told as ages, in milliseconds: clocks differ, durations do not. */
export interface WorkerInfo
  extends Pick<WorkerStatus, 'state' | 'host' | 'service' | 'version' | 'queues' | 'concurrency' | 'running'> {
  readonly upFor: number
  readonly sinceClaim?: number
}

/** What a worker knows of itself. Times are on the clock's `monotonic` scale. */
export interface WorkerSelf {
  readonly host: HostInfo
  readonly service: ServiceInfo
  readonly queues: readonly string[]
  /** Infinity when there is no bound. */
  readonly concurrency: number
  readonly attempts: ReadonlySet<{ readonly state: string }>
  readonly stopping: boolean
  readonly startedAt: number
  readonly lastClaim: number | undefined
}

/** A worker that claimed longer ago than this, in milliseconds, does not get to claim. */
const stalledAfter = 10_000

export function workerInfo(self: WorkerSelf, now: number): WorkerInfo {
  const { host, service, queues, concurrency, attempts, startedAt, lastClaim } = self
  const info = { state: judgeWorker(self, now), host, service, version, queues, running: attempts.size }
  return {
    ...info,
    upFor: now - startedAt,
    ...(Number.isFinite(concurrency) ? { concurrency } : {}),
    ...(lastClaim === undefined ? {} : { sinceClaim: now - lastClaim }),
  }
}

/** Being up is not enough: a worker lives when it claims, or has no reason to because its places are taken by jobs that will end. */
function judgeWorker(self: WorkerSelf, now: number): WorkerStatus['state'] {
  const { stopping, queues, attempts, concurrency, startedAt, lastClaim = startedAt } = self
  if (stopping) return 'stopping'
  const full = attempts.size >= concurrency && [...attempts].some(({ state }) => state === 'running')
  return queues.length === 0 || full || now - lastClaim <= stalledAfter ? 'alive' : 'stalled'
}

/** What the records say, without those that something else has written. */
export function workerStatuses(records: readonly WorkerRecord[]): WorkerStatus[] {
  return records.flatMap((record) => statusOf(record) ?? [])
}

function statusOf({ id, info, seenAt }: WorkerRecord): WorkerStatus | undefined {
  try {
    const { upFor, sinceClaim, ...said } = JSON.parse(info) as WorkerInfo
    if (typeof upFor !== 'number') return undefined
    return {
      id,
      ...said,
      startedAt: new Date(seenAt - upFor),
      ...(sinceClaim === undefined ? {} : { lastClaimAt: new Date(seenAt - sinceClaim) }),
      seenAt: new Date(seenAt),
    }
  } catch {
    return undefined
  }
}
