import type { ClaimedJob, NewJob } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { type Bug, withJobs, withReplies } from './bug.js'

export const limitBugs: readonly Bug[] = [
  {
    name: 'a group has no limit',
    claim: 'claim MUST NOT make more jobs of a group active than its limit',
    plant: limitless,
  },
  {
    name: 'a lapsed lease frees a place in its group, and its late settle another one',
    claim: 'a lapsed lease frees its place once: the late settle frees no other',
    plant: placeFreedTwice,
  },
  {
    name: 'lines take no turns: the oldest job comes first',
    claim: 'the lines of a priority MUST take turns within one claim',
    plant: noTurns,
  },
  {
    name: 'the bound of a queue is looked at for each claim by itself',
    claim: 'claim MUST NOT make more jobs of a queue active than request.concurrency',
    plant: boundPerClaim,
  },
  {
    name: 'a bucket saves up more tokens than its burst',
    claim: 'a bucket saves up no more than its burst',
    unseenByFuzzer: 'it asks for no rate',
    plant: endlessBucket,
  },
  {
    name: 'a pause holds only in the process that asked for it',
    claim: 'a paused queue gives no job, to no caller, until it is resumed',
    plant: lonelyPause,
  },
]

function limitless(driver: QueueDriver): QueueDriver {
  return withJobs(driver, (job) => (job.group ? { ...job, group: { ...job.group, limit: 1_000 } } : job))
}

function placeFreedTwice(driver: QueueDriver): QueueDriver {
  const stored = new Map<string, NewJob>()
  const noting = withJobs(driver, (job) => {
    stored.set(job.id, job)
    return job
  })

  /** One more of the group may be active. */
  async function freePlace({ queue, group }: NewJob): Promise<void> {
    const { jobs } = await driver.list({ queue, state: 'waiting', max: 100 })
    for (const { id } of jobs) {
      const job = stored.get(id)
      if (!group || job?.group?.key !== group.key) continue
      await driver.cancel([{ id, error: '""', keep: 0 }])
      await driver.enqueue([{ ...job, group: { ...group, limit: group.limit + 1 } }])
    }
  }

  return withReplies(noting, async ({ id }, reply) => {
    const job = stored.get(id)
    if (job && reply === 'lost') await freePlace(job)
  })
}

function noTurns(driver: QueueDriver): QueueDriver {
  const order = new Map<string, number>()
  const placeOf = ({ id }: ClaimedJob) => order.get(id) ?? 0
  const older = (left: ClaimedJob, right: ClaimedJob) => {
    return right.priority - left.priority || left.dueAt - right.dueAt || placeOf(left) - placeOf(right)
  }
  const noting = withJobs(driver, (job) => {
    order.set(job.id, order.size)
    return job
  })
  return {
    ...noting,
    async claim(request) {
      const { nextDue, ...reply } = await noting.claim({ ...request, max: request.max * 5 })
      const jobs = [...reply.jobs].sort(older)
      const rest = jobs.splice(request.max)
      await driver.settle(
        rest.map(({ queue, id, token }) => ({ queue, id, token, outcome: { type: 'released', delay: 0 } })),
      )
      return { ...reply, jobs, ...(nextDue === undefined || jobs.length === request.max ? {} : { nextDue }) }
    },
  }
}

function boundPerClaim(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    claim: ({ concurrency = Number.POSITIVE_INFINITY, ...request }) =>
      driver.claim({ ...request, max: Math.min(request.max, concurrency) }),
  }
}

function endlessBucket(driver: QueueDriver): QueueDriver {
  const begun = new Set<string>()
  return {
    ...driver,
    async claim({ rate, ...request }) {
      const burst = begun.has(request.queue) ? 1_000 : rate?.burst
      begun.add(request.queue)
      return driver.claim(rate && burst ? { ...request, rate: { ...rate, burst } } : request)
    },
  }
}

function lonelyPause(driver: QueueDriver): QueueDriver {
  const paused = new Set<string>()
  return {
    ...driver,
    async pause(queue, on) {
      if (on) paused.add(queue)
      else paused.delete(queue)
      if (!on) await driver.pause(queue, false)
    },
    isPaused: async (queue) => paused.has(queue),
    async claim(request) {
      if (!paused.has(request.queue)) return driver.claim(request)
      return { jobs: [], settled: await driver.settle(request.settle ?? []) }
    },
  }
}
