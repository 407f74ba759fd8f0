import { flagClaims } from './flags.js'
import { claims, type RoomsConformance } from './harness.js'
import { historyClaims } from './history.js'
import { hubClaims } from './hub.js'
import { interruptionClaims } from './interruptions.js'
import { presenceClaims } from './presence.js'
import { publishingClaims } from './publishing.js'
import { subscribingClaims } from './subscribing.js'

/**
 * Tests a rooms driver against the contract of `RoomsDriver`, with two nodes and more over one broker: the driver by itself, then rooms
 * with members on top of it.
 *
 * @example roomsConformance({ test, create: async () => ({ driver: () => myRooms({ url }), advance, interrupt, lose, stop }) })
 */
export function roomsConformance(options: RoomsConformance): void {
  const claim = claims(options)
  publishingClaims(claim)
  subscribingClaims(claim)
  historyClaims(claim)
  flagClaims(claim)
  interruptionClaims(claim)
  presenceClaims(claim)
  hubClaims(claim)
}
