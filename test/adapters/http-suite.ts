import { describe } from 'node:test'
import type { TestHost } from './host.js'
import { healthClaims, jobClaims } from './suite/endpoints.js'
import { socketClaims } from './suite/sockets.js'
import { spanClaims } from './suite/spans.js'
import { upgradeClaims } from './suite/upgrades.js'

export interface SuiteOptions {
  /** What the host calls the route of `/hello/:name`; left out for a host without routes. */
  readonly route?: string
}

/** What every adapter claims. */
export function httpSuite(host: TestHost, { route }: SuiteOptions = {}): void {
  describe(`${host.name}: health`, () => healthClaims(host))
  describe(`${host.name}: jobs`, () => jobClaims(host))
  describe(`${host.name}: spans`, () => spanClaims(host, route))
  describe(`${host.name}: upgrades`, () => upgradeClaims(host))
  describe(`${host.name}: sockets`, () => socketClaims(host))
}
