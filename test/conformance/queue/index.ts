import { cancellingClaims } from './cancelling.js'
import { claimingClaims } from './claiming.js'
import { deadLetterClaims } from './dead-letters.js'
import { eventClaims } from './events.js'
import { flagClaims, storingFlagClaims } from './flags.js'
import { claims, type QueueConformance } from './harness.js'
import { inlineClaims } from './inline.js'
import { loggingClaims } from './logging.js'
import { pausingClaims } from './pausing.js'
import { readingClaims } from './reading.js'
import { scheduleClaims } from './schedules.js'
import { settlingClaims } from './settling.js'
import { storageClaims } from './storage.js'
import { workerClaims } from './workers.js'

/**
 * Tests a queue driver against the contract of `QueueDriver`.
 *
 * @example queueConformance({ test, create: async () => ({ driver, advance, second, stop }) })
 */
export function queueConformance(options: QueueConformance): void {
  const claim = claims(options)
  for (const register of options.inline ? inlineSuite : suite) register(claim)
}

const always = [scheduleClaims, workerClaims, flagClaims]

const inlineSuite = [inlineClaims, ...always]

const suite = [
  storageClaims,
  claimingClaims,
  pausingClaims,
  settlingClaims,
  cancellingClaims,
  deadLetterClaims,
  readingClaims,
  loggingClaims,
  eventClaims,
  storingFlagClaims,
  ...always,
]
