import { describe } from 'node:test'
import type { TestHost } from './hosts/host.js'
import { healthClaims, jobClaims } from './suite/endpoints.js'
import { frontClaims } from './suite/front.js'
import { metricsClaims } from './suite/metrics.js'
import { requestClaims } from './suite/requests.js'
import { roomClaims } from './suite/rooms.js'
import { routeClaims } from './suite/routes.js'
import { socketClaims } from './suite/sockets.js'
import { spanClaims } from './suite/spans.js'
import { upgradeClaims } from './suite/upgrades.js'
import { wireSuite } from './suite/wire.js'

/** What every adapter claims. */
export function httpSuite(host: TestHost): void {
  const { routes, front } = host
  describe(`${host.name}: health`, () => healthClaims(host))
  describe(`${host.name}: jobs`, () => jobClaims(host))
  describe(`${host.name}: metrics`, () => metricsClaims(host))
  describe(`${host.name}: spans`, () => spanClaims(host))
  describe(`${host.name}: requests`, () => requestClaims(host))
  describe(`${host.name}: upgrades`, () => upgradeClaims(host))
  describe(`${host.name}: sockets`, () => socketClaims(host))
  describe(`${host.name}: rooms`, () => roomClaims(host))
  describe(`${host.name}: wire`, () => wireSuite(host))
  if (routes) describe(`${host.name}: routes`, () => routeClaims(host, routes))
  if (front) describe(`${host.name}: middleware of the host`, () => frontClaims(host, front))
}
