import { cancellingClaims } from './cancelling.js'
import { claimingClaims } from './claiming.js'
import { deadLetterClaims } from './dead-letters.js'
import { delayingClaims } from './delaying.js'
import { eventClaims } from './events.js'
import { facadeConformance } from './facade/index.js'
import { flagClaims, storingFlagClaims } from './flags.js'
import { groupClaims } from './groups.js'
import { claims, type QueueConformance } from './harness.js'
import { inlineClaims } from './inline.js'
import { limitClaims } from './limits.js'
import { listingClaims } from './listing.js'
import { lockClaims } from './locks.js'
import { loggingClaims } from './logging.js'
import { pausingClaims } from './pausing.js'
import { readingClaims } from './reading.js'
import { replacingClaims } from './replacing.js'
import { scheduleClaims } from './schedules.js'
import { settlingClaims } from './settling.js'
import { storageClaims } from './storage.js'
import { workerClaims } from './workers.js'

/**
 * Tests a queue driver against the contract of `QueueDriver`, and what users see of the core on it.
 *
 * @example queueConformance({ test, create: async () => ({ driver, advance, second, stop }) })
 */
export function queueConformance(options: QueueConformance): void {
  const claim = claims(options)
  for (const register of options.inline ? inlineSuite : suite) register(claim)
  facadeConformance(options)
}

const always = [scheduleClaims, workerClaims, flagClaims]

const inlineSuite = [inlineClaims, ...always]

const suite = [
  storageClaims,
  delayingClaims,
  claimingClaims,
  groupClaims,
  limitClaims,
  pausingClaims,
  settlingClaims,
  cancellingClaims,
  lockClaims,
  replacingClaims,
  deadLetterClaims,
  readingClaims,
  listingClaims,
  loggingClaims,
  eventClaims,
  storingFlagClaims,
  ...always,
]
