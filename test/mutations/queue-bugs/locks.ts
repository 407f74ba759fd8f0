import { setImmediate as turn } from 'node:timers/promises'
import type { Lock, NewJob } from '../../../core/ports/job.js'
import type { QueueDriver } from '../../../core/ports/queue.js'
import { type Bug, withJobs } from './bug.js'

export const lockBugs: readonly Bug[] = [
  {
    name: 'unique key never released: a lock outlives its job',
    claim: 'a lock that is held until ended MUST be free when its job is completed',
    plant: eternalLock,
  },
  {
    name: 'a lock is looked for and taken in two steps',
    claim: 'of many callers at the same time, one gets the lock, and the others its id',
    plant: racedLock,
  },
  {
    name: 'a lock until claimed is held until the end',
    claim: 'a lock that is held until claimed MUST be free from the first claim on',
    plant: longLock,
  },
  {
    name: 'a lock for a time ends with its job',
    claim: 'a lock that is held for a time stays that long, whatever becomes of its job',
    plant: shortLock,
  },
  {
    name: 'a holder never gives way',
    claim: 'a waiting holder MUST end in the step in which its replacement is stored',
    plant: stubbornHolder,
  },
  {
    name: 'a replacement does not say who gave way',
    claim: 'a waiting holder MUST end in the step in which its replacement is stored',
    plant: silentReplacement,
  },
  {
    name: 'a running holder is asked to end by the job that replaces it',
    claim: 'an active holder stays: the replacement is not stored',
    plant: endedHolder,
  },
]

function eternalLock(driver: QueueDriver): QueueDriver {
  return withLocks(driver, (lock) => ({ ...lock, until: lock.until === 'ended' ? 1e12 : lock.until }))
}

/** Jobs of calls at the same time do not see each other's locks. */
function racedLock(driver: QueueDriver): QueueDriver {
  let underWay = 0
  return {
    ...driver,
    async enqueue(jobs, options) {
      const raced = underWay++ > 0
      await turn()
      underWay--
      return driver.enqueue(raced ? jobs.map(({ lock: _, ...job }): NewJob => job) : jobs, options)
    },
  }
}

function longLock(driver: QueueDriver): QueueDriver {
  return withLocks(driver, (lock) => ({ ...lock, until: lock.until === 'claimed' ? 'ended' : lock.until }))
}

function shortLock(driver: QueueDriver): QueueDriver {
  return withLocks(driver, (lock) => ({ ...lock, until: typeof lock.until === 'number' ? 'ended' : lock.until }))
}

function stubbornHolder(driver: QueueDriver): QueueDriver {
  return withLocks(driver, ({ replace: _, ...lock }) => lock)
}

function endedHolder(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async enqueue(jobs, options) {
      const outcomes = await driver.enqueue(jobs, options)
      for (const [place, { id, deduplicated }] of outcomes.entries()) {
        const replace = jobs[place]?.lock?.replace
        if (deduplicated && replace) await driver.cancel([{ id, ...replace }])
      }
      return outcomes
    },
  }
}

function withLocks(driver: QueueDriver, change: (lock: Lock) => Lock): QueueDriver {
  return withJobs(driver, (job) => (job.lock ? { ...job, lock: change(job.lock) } : job))
}

function silentReplacement(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async enqueue(jobs, options) {
      const outcomes = await driver.enqueue(jobs, options)
      return outcomes.map(({ id, deduplicated }) => ({ id, deduplicated }))
    },
  }
}
