import { setImmediate as turn } from 'node:timers/promises'
import type { JobRecord } from '../../../core/ports/job.js'
import type { ListRequest, QueueDriver, Settlement } from '../../../core/ports/queue.js'
import { type Bug, withSettlements, withShown } from './bug.js'

export const recordBugs: readonly Bug[] = [
  {
    name: 'a successor is stored after its settle, so that a crash loses it',
    claim: 'settle MUST apply outcome and enqueue in one step, each job once',
    plant: lateSuccessor,
  },
  {
    name: 'a member of a join is counted twice',
    claim: 'counting the same member of a join again MUST change nothing',
    plant: joinCountedTwice,
  },
  {
    name: 'a join is forgotten between two of its members',
    claim: 'a join enqueues what follows with the last member, once',
    plant: forgottenJoin,
  },
  {
    name: 'a job gets the result of another',
    claim: 'each settlement of a call applies to its own job',
    plant: foreignResult,
  },
  {
    name: 'a request to cancel is lost',
    claim: 'a request to cancel is seen by extend and as a signal',
    plant: lostCancel,
  },
  {
    name: 'a request to cancel is forgotten when the lease lapses',
    claim: 'when its lease lapses, claim MUST hand it over with cancelRequest',
    plant: forgottenCancel,
  },
  {
    name: 'a repeated id replaces the job',
    claim: 'enqueuing an id that exists MUST store nothing and answer deduplicated',
    plant: replacingEnqueue,
  },
  {
    name: 'records stay when their time is over',
    claim: 'records of ended jobs MUST be readable for keep and MUST be gone when it has passed',
    plant: eternalRecord,
  },
  {
    name: 'only the last failure of a job is remembered',
    claim: 'a record tells of each attempt that was settled as retry or failed, oldest first',
    plant: lastFailure,
  },
  {
    name: 'a redriven job counts its deliveries on',
    claim: 'redrive MUST make a failed job due at once, as if it were new',
    plant: countedOn,
  },
  { name: 'a job that waits can be removed', claim: 'remove leaves a job that has not ended', plant: removedAlive },
  {
    name: 'log lines that come with progress are lost',
    claim: 'a log and the progress of a job do not touch each other',
    plant: lostLines,
  },
  {
    name: 'ended jobs are listed oldest first',
    claim: 'list MUST give ended jobs in the order in which they ended, newest first',
    plant: oldestFirst,
  },
  {
    name: 'a page of a list begins at an offset, though jobs have come and gone',
    claim: 'list MUST give a job that stays once, though others come and go between the pages',
    unseenByFuzzer: 'nothing happens between two of its pages',
    plant: offsetPages,
  },
]

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

function forgottenJoin(driver: QueueDriver): QueueDriver {
  return withSettlements(driver, (settlements) =>
    settlements.map((each) => (each.join ? { ...each, join: { ...each.join, keep: 0 } } : each)),
  )
}

function foreignResult(driver: QueueDriver): QueueDriver {
  return withSettlements(driver, (settlements) => {
    const first = settlements.map(({ outcome }) => outcome).find(({ type }) => type === 'completed')
    return settlements.map((each) => (first && each.outcome.type === 'completed' ? { ...each, outcome: first } : each))
  })
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

function eternalRecord(driver: QueueDriver): QueueDriver {
  return withSettlements(driver, (settlements) =>
    settlements.map(({ outcome, ...rest }) => ({
      ...rest,
      outcome: 'keep' in outcome ? { ...outcome, keep: outcome.keep * 1_000_000 } : outcome,
    })),
  )
}

function lastFailure(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async get(ids) {
      return (await driver.get(ids)).map((record) => record && { ...record, failures: record.failures.slice(-1) })
    },
  }
}

function countedOn(driver: QueueDriver): QueueDriver {
  const before = new Map<string, number>()
  const showing = withShown(driver, (job) => ({ ...job, deliveries: job.deliveries + (before.get(job.id) ?? 0) }))
  return {
    ...showing,
    async redrive(ids) {
      const records = await showing.get(ids)
      const replies = await driver.redrive(ids)
      for (const [place, id] of ids.entries()) {
        if (replies[place] === 'redriven') before.set(id, records[place]?.deliveries ?? 0)
      }
      return replies
    },
  }
}

function removedAlive(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async remove(ids) {
      await driver.cancel(ids.map((id) => ({ id, error: '""', keep: 60_000 })))
      return driver.remove(ids)
    },
  }
}

function lostLines(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    progress: (updates) =>
      driver.progress(updates.map(({ log, ...rest }) => (rest.value || !log ? rest : { ...rest, log }))),
  }
}

function oldestFirst(driver: QueueDriver): QueueDriver {
  return listing(driver, (jobs, { cursor, max }) => {
    const from = Number(cursor ?? 0)
    const next = from + max < jobs.length ? { next: String(from + max) } : {}
    return { jobs: [...jobs].reverse().slice(from, from + max), ...next }
  })
}

function offsetPages(driver: QueueDriver): QueueDriver {
  return listing(driver, (jobs, { cursor, max }) => {
    const from = Number(cursor ?? 0)
    const next = from + max < jobs.length ? { next: String(from + max) } : {}
    return { jobs: jobs.slice(from, from + max), ...next }
  })
}

/** Makes pages of what the driver lists. */
function listing(
  driver: QueueDriver,
  page: (jobs: readonly JobRecord[], request: ListRequest) => { jobs: readonly JobRecord[]; next?: string },
): QueueDriver {
  return {
    ...driver,
    async list(request) {
      const { cursor: _, ...first } = request
      const { jobs } = await driver.list({ ...first, max: 1_000 })
      return page(jobs, request)
    },
  }
}
