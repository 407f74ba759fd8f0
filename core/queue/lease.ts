import type { CancelTimer, Clock } from '../clock.js'
import type { QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import type { Attempt } from './attempt.js'

export interface LeaseDeps {
  readonly driver: QueueDriver
  readonly clock: Clock
  readonly report: Report
  /** Milliseconds. */
  readonly lease: number
  /** The attempts that hold a place in the pool. */
  attempts(): Iterable<Attempt>
}

/** Keeps the leases of all running attempts with one timer. */
export interface LeaseKeeper {
  start(): void
  /** Renews now: to hear what was missed while the link was down. */
  renew(): Promise<void>
  stop(): void
}

/** How many leases one call renews. */
const page = 1_000

export function createLeaseKeeper({ driver, clock, report, lease, attempts }: LeaseDeps): LeaseKeeper {
  let cancel: CancelTimer | undefined
  let renewing: Promise<void> | undefined

  async function renewAll(): Promise<void> {
    const held = [...attempts()].filter(({ state }) => state === 'running')
    for (let from = 0; from < held.length; from += page) await renewPage(held.slice(from, from + page))
  }

  async function renewPage(held: readonly Attempt[]): Promise<void> {
    try {
      const replies = await driver.extend(
        held.map(({ claim: { queue, id, token } }) => ({ queue, id, token })),
        lease,
      )
      for (const [index, attempt] of held.entries()) {
        if (replies[index] === 'cancelled') attempt.cancel()
        // One that has ended meanwhile lost its lease by settling.
        else if (replies[index] === 'lost' && attempt.state === 'running') attempt.lose()
      }
    } catch (error) {
      report(error, { stage: 'worker.extend', jobs: held.length })
    }
  }

  function renew(): Promise<void> {
    renewing ??= renewAll().finally(() => {
      renewing = undefined
    })
    return renewing
  }

  return {
    start() {
      cancel = clock.every(lease / 3, () => void renew())
    },
    renew,
    stop: () => cancel?.(),
  }
}
