import type { ClaimReply, QueueDriver, Settlement } from '../../../core/ports/queue.js'
import { type Bug, withJobs, withReplies, withSettlements, withShown } from './bug.js'

export const claimBugs: readonly Bug[] = [
  {
    name: 'double claim: claims at the same time get the same jobs',
    claim: 'claim MUST give a job to one caller only',
    plant: doubleClaim,
  },
  {
    name: 'a stale settle is accepted',
    claim: 'settle with a stale token MUST change nothing and say lost',
    plant: staleSettle,
  },
  { name: 'a delayed job comes early', claim: 'claim MUST NOT give a job before it is due', plant: earlyDelayed },
  {
    name: 'a job that was put back does not wait for its delay',
    claim: 'a retry MUST make the job due after its delay and keeps its error',
    plant: hastyRetry,
  },
  {
    name: 'an attempt is counted when it fails, not when it is claimed',
    claim: 'a lease that was not extended in time MUST only put its job back to waiting',
    plant: countedAtFailure,
  },
  {
    name: 'a release burns an attempt',
    claim: 'an outcome released MUST give its delivery back, due after its delay',
    plant: burntRelease,
  },
  {
    name: 'a lapsed lease never returns its job',
    claim: 'a lease that was not extended in time MUST only put its job back to waiting',
    plant: eternalLease,
  },
  {
    name: 'the last job of a claim comes first',
    claim: 'jobs of one enqueue call are claimed in its order',
    plant: reversedClaim,
  },
  {
    name: 'a claim looks for jobs before it settles',
    claim: 'claim MUST apply request.settle before it looks for jobs',
    plant: lateSettle,
  },
  {
    name: 'a claim that comes back short does not say when to come again',
    claim: 'a claim that comes back short says when the next delayed job is due',
    plant: noNextDue,
  },
  {
    name: 'a delayed job cannot be hastened',
    claim: 'enqueuing with hasten MUST make a delayed job of that id due at once',
    plant: noHaste,
  },
]

function doubleClaim(driver: QueueDriver): QueueDriver {
  const underWay = new Map<string, Promise<ClaimReply>>()
  return {
    ...driver,
    async claim(request) {
      const same = underWay.get(request.queue)
      if (same) return same
      const claiming = driver.claim(request)
      underWay.set(request.queue, claiming)
      return claiming.finally(() => underWay.delete(request.queue))
    },
  }
}

function staleSettle(driver: QueueDriver): QueueDriver {
  const current = new Map<string, string>()
  const renewed = (each: Settlement) => ({ ...each, token: current.get(each.id) ?? each.token })
  return {
    ...withSettlements(driver, (settlements) => settlements.map(renewed)),
    async claim(request) {
      const reply = await driver.claim({ ...request, settle: (request.settle ?? []).map(renewed) })
      for (const { id, token } of reply.jobs) current.set(id, token)
      return reply
    },
  }
}

function earlyDelayed(driver: QueueDriver): QueueDriver {
  return withJobs(driver, (job) => ({ ...job, delay: job.delay / 2 }))
}

function hastyRetry(driver: QueueDriver): QueueDriver {
  return withSettlements(driver, (settlements) =>
    settlements.map(({ outcome, ...rest }) => ({
      ...rest,
      outcome: 'delay' in outcome ? { ...outcome, delay: 0 } : outcome,
    })),
  )
}

function countedAtFailure(driver: QueueDriver): QueueDriver {
  return withDeliveries(driver, 'retry', (_deliveries, failures) => failures + 1)
}

function burntRelease(driver: QueueDriver): QueueDriver {
  return withDeliveries(driver, 'released', (deliveries, releases) => deliveries + releases)
}

/** Shows other deliveries, made from the true ones and from how often the job ended in `counted`. */
function withDeliveries(
  driver: QueueDriver,
  counted: 'retry' | 'released',
  change: (deliveries: number, times: number) => number,
): QueueDriver {
  const times = new Map<string, number>()
  const hearing = withReplies(driver, ({ id, outcome }, reply) => {
    if (outcome.type === counted && reply === 'settled') times.set(id, (times.get(id) ?? 0) + 1)
  })
  return withShown(hearing, (job) => ({
    ...job,
    deliveries: job.deliveries && change(job.deliveries, times.get(job.id) ?? 0),
  }))
}

function eternalLease(driver: QueueDriver): QueueDriver {
  return { ...driver, claim: (request) => driver.claim({ ...request, lease: request.lease * 1_000_000 }) }
}

function reversedClaim(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async claim(request) {
      const reply = await driver.claim(request)
      return { ...reply, jobs: [...reply.jobs].reverse() }
    },
  }
}

function lateSettle(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async claim({ settle = [], ...request }) {
      const reply = await driver.claim(request)
      return { ...reply, settled: await driver.settle(settle) }
    },
  }
}

function noNextDue(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async claim(request) {
      const { nextDue: _, ...reply } = await driver.claim(request)
      return reply
    },
  }
}

function noHaste(driver: QueueDriver): QueueDriver {
  return withJobs(driver, ({ hasten: _, ...job }) => job)
}
