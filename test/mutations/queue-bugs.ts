import { setImmediate as turn } from 'node:timers/promises'
import type { JobRecord } from '../../core/ports/job.js'
import type { ClaimReply, ClaimRequest, QueueDriver, Settlement } from '../../core/ports/queue.js'

/** A bug that a driver might have. The conformance suite must find it, and so must the fuzzer unless it says why not. */
export interface Bug {
  readonly name: string
  readonly unseenByFuzzer?: string
  /** The driver with the bug in it. */
  plant(driver: QueueDriver): QueueDriver
}

export const queueBugs: readonly Bug[] = [
  { name: 'double claim: claims at the same time get the same jobs', plant: doubleClaim },
  { name: 'a stale settle is accepted', plant: staleSettle },
  {
    name: 'lost wake-up: a job that is put back wakes nobody',
    unseenByFuzzer: 'signals are hints, and it does not listen',
    plant: lostWakeUp,
  },
  { name: 'a delayed job comes early', plant: earlyDelayed },
  { name: 'a job that was put back does not wait for its delay', plant: hastyRetry },
  { name: 'an attempt is counted when it fails, not when it is claimed', plant: countedAtFailure },
  { name: 'a release burns an attempt', plant: burntRelease },
  { name: 'a successor is stored after its settle, so that a crash loses it', plant: lateSuccessor },
  { name: 'a member of a join is counted twice', plant: joinCountedTwice },
  { name: 'a job gets the result of another', plant: foreignResult },
  { name: 'a lapsed lease never returns its job', plant: eternalLease },
  { name: 'a request to cancel is lost', plant: lostCancel },
  { name: 'a request to cancel is forgotten when the lease lapses', plant: forgottenCancel },
  { name: 'a repeated id replaces the job', plant: replacingEnqueue },
  { name: 'the last job of a claim comes first', plant: reversedClaim },
  { name: 'a claim looks for jobs before it settles', plant: lateSettle },
  { name: 'records stay when their time is over', plant: eternalRecord },
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

function lostWakeUp(driver: QueueDriver): QueueDriver {
  let settling = false
  return {
    ...driver,
    async settle(settlements) {
      settling = true
      return driver.settle(settlements).finally(() => {
        settling = false
      })
    },
    listen({ queues, signals }) {
      return driver.listen({
        queues,
        signals: { ...signals, wake: (queue) => void (settling || signals.wake?.(queue)) },
      })
    },
  }
}

function earlyDelayed(driver: QueueDriver): QueueDriver {
  return { ...driver, enqueue: (jobs) => driver.enqueue(jobs.map((job) => ({ ...job, delay: job.delay / 2 }))) }
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

function lateSuccessor(driver: QueueDriver): QueueDriver {
  async function storeLater({ enqueue, join }: Settlement): Promise<void> {
    await turn()
    await driver.enqueue([...(enqueue ?? []), ...(join?.size === 1 ? join.next : [])])
  }
  return {
    ...driver,
    async settle(settlements) {
      const replies = await driver.settle(settlements.map(({ enqueue: _, ...rest }) => rest))
      for (const [place, each] of settlements.entries()) if (replies[place] === 'settled') void storeLater(each)
      return replies
    },
  }
}

function joinCountedTwice(driver: QueueDriver): QueueDriver {
  let members = 0
  return withSettlements(driver, (settlements) =>
    settlements.map((each) => (each.join ? { ...each, join: { ...each.join, member: members++ } } : each)),
  )
}

function foreignResult(driver: QueueDriver): QueueDriver {
  return withSettlements(driver, (settlements) => {
    const first = settlements.map(({ outcome }) => outcome).find(({ type }) => type === 'completed')
    return settlements.map((each) => (first && each.outcome.type === 'completed' ? { ...each, outcome: first } : each))
  })
}

function eternalLease(driver: QueueDriver): QueueDriver {
  return { ...driver, claim: (request) => driver.claim({ ...request, lease: request.lease * 1_000_000 }) }
}

function lostCancel(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async cancel(cancellations) {
      const records = await driver.get(cancellations.map(({ id }) => id))
      const active = new Set(records.flatMap((record) => (record?.state === 'active' ? [record.id] : [])))
      const replies = await driver.cancel(cancellations.filter(({ id }) => !active.has(id)))
      const rest = [...replies]
      return cancellations.map(({ id }) => (active.has(id) ? 'requested' : (rest.shift() ?? 'unknown')))
    },
  }
}

function forgottenCancel(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async claim(request) {
      const reply = await driver.claim(request)
      return { ...reply, jobs: reply.jobs.map(({ cancelRequest: _, ...job }) => job) }
    },
  }
}

function replacingEnqueue(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async enqueue(jobs, options) {
      await driver.cancel(jobs.map(({ id }) => ({ id, error: '""', keep: 0 })))
      return driver.enqueue(jobs, options)
    },
  }
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

function eternalRecord(driver: QueueDriver): QueueDriver {
  return withSettlements(driver, (settlements) =>
    settlements.map(({ outcome, ...rest }) => ({
      ...rest,
      outcome: 'keep' in outcome ? { ...outcome, keep: outcome.keep * 1_000_000 } : outcome,
    })),
  )
}

/** Changes what is settled, however it is sent. */
function withSettlements(
  driver: QueueDriver,
  change: (settlements: readonly Settlement[]) => readonly Settlement[],
): QueueDriver {
  return {
    ...driver,
    settle: (settlements) => driver.settle(change(settlements)),
    claim: (request) => driver.claim({ ...request, settle: change(request.settle ?? []) }),
  }
}

/** Shows other deliveries, made from the true ones and from how often the job ended in `counted`. */
function withDeliveries(
  driver: QueueDriver,
  counted: 'retry' | 'released',
  change: (deliveries: number, times: number) => number,
): QueueDriver {
  const times = new Map<string, number>()

  function note(settlements: readonly Settlement[], replies: readonly string[]): void {
    for (const [place, { id, outcome }] of settlements.entries()) {
      if (outcome.type === counted && replies[place] === 'settled') times.set(id, (times.get(id) ?? 0) + 1)
    }
  }

  function show<T extends { readonly id: string; readonly deliveries: number }>(job: T): T {
    return { ...job, deliveries: job.deliveries && change(job.deliveries, times.get(job.id) ?? 0) }
  }

  return {
    ...driver,
    async settle(settlements) {
      const replies = await driver.settle(settlements)
      note(settlements, replies)
      return replies
    },
    async claim(request: ClaimRequest) {
      const reply = await driver.claim(request)
      note(request.settle ?? [], reply.settled)
      return { ...reply, jobs: reply.jobs.map(show) }
    },
    async get(ids) {
      return (await driver.get(ids)).map((record: JobRecord | undefined) => record && show(record))
    },
  }
}
