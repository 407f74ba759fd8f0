import type { CancelTimer, Clock } from '../clock.js'
import type { QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import { answer } from './answer.js'
import type { Attempt } from './attempt.js'

export interface LeaseDeps {
  readonly driver: QueueDriver
  readonly clock: Clock
  readonly report: Report
  /** Milliseconds. */
  readonly lease: number
  /** Called with a job of which the backend says that it was cancelled. */
  cancelled(id: string): void
  /** The attempts that hold a place in the pool. */
  attempts(): Iterable<Attempt>
}

/** Keeps the leases of all running attempts, and aborts those whose lease lapses because it cannot be renewed. */
export interface LeaseKeeper {
  start(): void
  /** Renews now: to hear what was missed while the link was down. */
  renew(): Promise<void>
  stop(): void
}

/** How many leases one call renews. */
const page = 1_000

export function createLeaseKeeper({ driver, clock, report, lease, cancelled, attempts }: LeaseDeps): LeaseKeeper {
  const interval = lease / 3
  let cancelRenewal: CancelTimer = () => {}
  let cancelLapse: CancelTimer = () => {}
  let renewing: Promise<void> | undefined

  function running(): Attempt[] {
    return [...attempts()].filter(({ state }) => state === 'running')
  }

  async function renewAll(): Promise<void> {
    const held = running()
    let renewed = true
    for (let from = 0; from < held.length; from += page) {
      renewed = (await renewPage(held.slice(from, from + page))) && renewed
    }
    if (renewed) cancelLapse()
  }

  async function renewPage(held: readonly Attempt[]): Promise<boolean> {
    const leaseUntil = clock.monotonic() + lease
    const leases = held.map(({ claim: { queue, id, token } }) => ({ queue, id, token }))
    try {
      const replies = await answer(clock, interval, driver.extend(leases, lease))
      for (const [index, attempt] of held.entries()) {
        // One that has ended meanwhile lost its lease by settling.
        if (replies[index] === 'lost') attempt.lose()
        else attempt.leaseUntil = leaseUntil
        if (replies[index] === 'cancelled') cancelled(attempt.jobId)
      }
      return true
    } catch (error) {
      report(error, { stage: 'worker.extend', jobs: held.length })
      lapse()
      return false
    }
  }

  /** Only after a failed renewal: a process that was too busy to renew in time may still find its leases held. */
  function lapse(): void {
    cancelLapse()
    const now = clock.monotonic()
    let next = Number.POSITIVE_INFINITY
    for (const attempt of running()) {
      if (attempt.leaseUntil <= now) attempt.lapse()
      else next = Math.min(next, attempt.leaseUntil)
    }
    if (next < Number.POSITIVE_INFINITY) cancelLapse = clock.after(Math.ceil(next - now), lapse)
  }

  function renew(): Promise<void> {
    renewing ??= renewAll().finally(() => {
      renewing = undefined
    })
    return renewing
  }

  return {
    start() {
      cancelRenewal = clock.every(interval, () => void renew())
    },
    renew,
    stop() {
      cancelRenewal()
      cancelLapse()
    },
  }
}
