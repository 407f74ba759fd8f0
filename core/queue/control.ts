import type { Clock } from '../clock.js'
import type { JobRecord, QueueCounts } from '../ports/job.js'
import type { JobPage, ListRequest } from '../ports/queue.js'
import type { Ask } from './answer.js'
import type { Canceller } from './canceller.js'
import {
  checkedFilter,
  checkedList,
  checkedRemoval,
  checkQueue,
  type JobFilter,
  type JobList,
  type JobListOptions,
  type JobRemoval,
} from './job-filter.js'
import { statusOf } from './records.js'
import { breather } from './turn.js'

/** Reads whole queues and acts on them. A queue that has no jobs is empty, not unknown. */
export interface QueueControl {
  /**
   * Lets no worker take another job of this queue, until `resume`. Jobs that run go on, and more may be enqueued.
   *
   * @throws `ERR_OPTION_INVALID`, `ERR_NOT_STARTED`; retryable: `ERR_DRIVER_UNAVAILABLE`. So do all calls below.
   */
  pause(queue: string): Promise<void>
  resume(queue: string): Promise<void>
  isPaused(queue: string): Promise<boolean>
  /** How many jobs of the queue are in each state right now. */
  counts(queue: string): Promise<QueueCounts>
  /** One page of the jobs of a queue that are in one state. */
  list(options: JobListOptions): Promise<JobList>
  /**
   * Lets failed jobs, the dead letters, run again as if they were new; the latest of them first. Their `failures` and their log stay.
   *
   * @returns How many. When it rejects half-way, those that were redriven stay so: call it again for the rest.
   */
  redrive(filter: JobFilter): Promise<number>
  /**
   * Forgets jobs. Those that wait are cancelled first, with what follows from that; one that begins to run at the same moment
   * is asked to end, and stays.
   *
   * @returns How many. When it rejects half-way, those that were removed are gone: call it again for the rest.
   */
  remove(filter: JobRemoval): Promise<number>
}

export interface ControlDeps {
  readonly ask: Ask
  readonly clock: Clock
  readonly canceller: Canceller
}

/** How many records one call reads to act on them: each may hold an input of 1 MB. */
const pageSize = 100

export function createControl({ ask, clock, canceller }: ControlDeps): QueueControl {
  async function setPaused(queue: string, paused: boolean): Promise<void> {
    checkQueue(queue)
    await ask((driver) => driver.pause(queue, paused))
  }

  /** Reads on until `wanted` says 0. */
  async function* pages(filter: Omit<ListRequest, 'max'>, wanted: () => number): AsyncGenerator<JobPage, void> {
    let cursor = filter.cursor
    do {
      const request: ListRequest = { ...filter, ...(cursor === undefined ? {} : { cursor }), max: wanted() }
      const page = await ask((driver) => driver.list(request))
      yield page
      cursor = page.next
    } while (cursor !== undefined && wanted() > 0)
  }

  /** Acts on jobs page by page, until it has worked for `max` of them. */
  async function throughout(
    { max, ...filter }: Omit<ListRequest, 'cursor'>,
    act: (records: readonly JobRecord[]) => Promise<number>,
  ): Promise<number> {
    const breathe = breather(clock)
    let done = 0
    for await (const { jobs } of pages(filter, () => Math.min(pageSize, max - done))) {
      if (jobs.length > 0) done += await act(jobs)
      await breathe()
    }
    return done
  }

  return {
    pause: (queue) => setPaused(queue, true),
    resume: (queue) => setPaused(queue, false),
    async isPaused(queue) {
      checkQueue(queue)
      return ask((driver) => driver.isPaused(queue))
    },
    async counts(queue) {
      checkQueue(queue)
      return ask((driver) => driver.counts(queue))
    },
    async list(options) {
      const { max, ...filter } = checkedList(options)
      const jobs: JobRecord[] = []
      let next: string | undefined
      for await (const page of pages(filter, () => max - jobs.length)) {
        jobs.push(...page.jobs)
        next = page.next
      }
      return { jobs: jobs.map(statusOf), ...(next === undefined ? {} : { next }) }
    },
    async redrive(filter) {
      return throughout({ ...checkedFilter(filter), state: 'failed' }, async (records) => {
        const replies = await ask((driver) => driver.redrive(records.map(({ id }) => id)))
        return replies.filter((reply) => reply === 'redriven').length
      })
    },
    async remove(filter) {
      return throughout(checkedRemoval(filter), async (records) => {
        const outcomes = await canceller.remove(records)
        return outcomes.filter((outcome) => outcome === 'removed').length
      })
    },
  }
}
