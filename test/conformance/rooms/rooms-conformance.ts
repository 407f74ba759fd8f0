import { flagClaims } from './flags.js'
import { claims, type RoomsConformance } from './harness.js'
import { historyClaims } from './history.js'
import { publishingClaims } from './publishing.js'
import { subscribingClaims } from './subscribing.js'

/**
 * Tests a rooms driver against the contract of `RoomsDriver`, with two nodes over one broker.
 *
 * @example roomsConformance({ test, create: async () => ({ driver: () => myRooms({ url }), advance, stop }) })
 */
export function roomsConformance(options: RoomsConformance): void {
  const claim = claims(options)
  publishingClaims(claim)
  subscribingClaims(claim)
  historyClaims(claim)
  flagClaims(claim)
}
