import type { NewJob } from '../../../core/ports/job.js'
import type { Ending, QueueDriver, Settlement } from '../../../core/ports/queue.js'

/** A bug that a driver might have. The suite must find it, and so must the fuzzer unless it says why not. */
export interface Bug {
  readonly name: string
  /** The claim of the suite that finds it. */
  readonly claim: string
  readonly unseenByFuzzer?: string
  /** The driver with the bug in it. */
  plant(driver: QueueDriver, backend: Backend): QueueDriver
}

/** What the drivers of one test have in common. */
export interface Backend {
  /** During how many calls nobody is woken. */
  silent: number
}

/** Changes what is settled, however it is sent. */
export function withSettlements(
  driver: QueueDriver,
  change: (settlements: readonly Settlement[]) => readonly Settlement[],
): QueueDriver {
  return {
    ...driver,
    settle: (settlements) => driver.settle(change(settlements)),
    claim: (request) => driver.claim({ ...request, settle: change(request.settle ?? []) }),
  }
}

/** Tells what was settled, however it was sent. */
export function withReplies(
  driver: QueueDriver,
  hear: (settlement: Settlement, reply: string | undefined) => void | Promise<void>,
): QueueDriver {
  async function hearAll(settlements: readonly Settlement[], replies: readonly string[]): Promise<void> {
    for (const [place, settlement] of settlements.entries()) await hear(settlement, replies[place])
  }

  return {
    ...driver,
    async settle(settlements) {
      const replies = await driver.settle(settlements)
      await hearAll(settlements, replies)
      return replies
    },
    async claim(request) {
      const reply = await driver.claim(request)
      await hearAll(request.settle ?? [], reply.settled)
      return reply
    },
  }
}

/** Changes the jobs that are to be stored, whatever stores them. */
export function withJobs(driver: QueueDriver, change: (job: NewJob) => NewJob): QueueDriver {
  function changed<T extends Ending>(ending: T): T {
    const { enqueue, join } = ending
    return {
      ...ending,
      ...(enqueue ? { enqueue: enqueue.map(change) } : {}),
      ...(join ? { join: { ...join, next: join.next.map(change) } } : {}),
    }
  }

  return {
    ...withSettlements(driver, (settlements) => settlements.map(changed)),
    enqueue: (jobs, options) => driver.enqueue(jobs.map(change), options),
    cancel: (cancellations) => driver.cancel(cancellations.map(changed)),
    tickSchedule: (tick) => driver.tickSchedule({ ...tick, enqueue: tick.enqueue.map(change) }),
  }
}

/** Changes what is shown of jobs. */
export function withShown(
  driver: QueueDriver,
  show: <T extends { readonly id: string; readonly deliveries: number }>(job: T) => T,
): QueueDriver {
  return {
    ...driver,
    async claim(request) {
      const reply = await driver.claim(request)
      return { ...reply, jobs: reply.jobs.map(show) }
    },
    async get(ids) {
      return (await driver.get(ids)).map((record) => record && show(record))
    },
    async list(request) {
      const page = await driver.list(request)
      return { ...page, jobs: page.jobs.map(show) }
    },
  }
}
