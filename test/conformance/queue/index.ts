import { cancellingClaims } from './cancelling.js'
import { claimingClaims } from './claiming.js'
import { flagClaims } from './flags.js'
import { claims, type QueueConformance } from './harness.js'
import { readingClaims } from './reading.js'
import { settlingClaims } from './settling.js'
import { storageClaims } from './storage.js'

/**
 * Tests a queue driver against the contract of `QueueDriver`.
 *
 * @example queueConformance({ test, create: async () => ({ driver, advance, second, stop }) })
 */
export function queueConformance(options: QueueConformance): void {
  const claim = claims(options)
  storageClaims(claim)
  claimingClaims(claim)
  settlingClaims(claim)
  cancellingClaims(claim)
  readingClaims(claim)
  flagClaims(claim)
}
