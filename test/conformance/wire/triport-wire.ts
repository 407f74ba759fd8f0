import { type WireSuite, wireClaims } from './harness.js'
import { operationClaims } from './operations.js'
import { simpleClaims } from './simple.js'

/**
 * Tests a server against docs/protocol.md, by its address: a server of this package, or one in another language. It needs the global `WebSocket`
 * of browsers and of Node.
 *
 * @example triportWire({ test, url: 'ws://localhost:3000/ws' })
 */
export function triportWire(options: WireSuite): void {
  const claim = wireClaims(options)
  simpleClaims(claim)
  operationClaims(claim)
}
