import type { CancelTimer, Clock } from '../clock.js'
import type { QueueDriver } from '../ports/queue.js'
import type { Report } from '../report.js'
import { answer } from './answer.js'
import { type WorkerSelf, workerInfo } from './worker-info.js'

/** Announces one worker for as long as it runs. Failures are reported. */
export interface Announcer {
  start(): void
  /** Announces now: what there is to say has changed. */
  announce(): void
  /** Takes the worker out of the list. */
  withdraw(): Promise<void>
}

export interface AnnouncerDeps {
  readonly driver: QueueDriver
  readonly clock: Clock
  readonly report: Report
  readonly id: string
  /** Whether the process stays alive for it. */
  readonly keepAlive: boolean
  self(): WorkerSelf
}

const interval = 5_000
/** Two announcements may fail before the worker counts as gone. */
const ttl = 15_000

export function createAnnouncer({ driver, clock, report, id, keepAlive, self }: AnnouncerDeps): Announcer {
  let latest: Promise<void> = Promise.resolve()
  let cancel: CancelTimer = () => {}

  async function call(what: () => Promise<void>): Promise<void> {
    try {
      await answer(clock, interval, what())
    } catch (error) {
      report(error, { stage: 'worker.announce' })
    }
  }

  function announce(): void {
    const info = JSON.stringify(workerInfo(self(), clock.monotonic()))
    latest = call(() => driver.announceWorker({ id, info, ttl }))
  }

  return {
    announce,
    start() {
      announce()
      cancel = clock.every(interval, announce, { keepAlive })
    },
    async withdraw() {
      cancel()
      await latest // It must not arrive after the withdrawal.
      await call(() => driver.withdrawWorker(id))
    },
  }
}
