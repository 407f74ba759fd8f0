import type { Found } from './addresses.js'
import { type Place, probe } from './reach/probe.js'

/** How long a server may take to answer at all, in milliseconds: one that is up takes a few. */
const patience = 1_000

/** Why the server of an address cannot be reached; `undefined` when it answers, and where there is none to ask. */
export async function unreachable(address: Found, within = patience): Promise<string | undefined> {
  const place = placeOf(address)
  return place && (await probe(place, within))
}

function placeOf({ driver, option, value }: Found): Place | undefined {
  if (option === 'dataDir') return undefined
  const { protocol, hostname, port, searchParams } = new URL(value)
  const host = hostname.replace(/^\[|\]$/g, '') || 'localhost'
  if (driver === 'redis') {
    return { host, port: Number(port) || 6379, tls: protocol === 'rediss:', greeting: 'PING\r\n' }
  }
  // The folder of a socket file, or several hosts: the driver finds out by itself.
  if (/[%/,]/.test(host) || searchParams.has('host')) return undefined
  return { host, port: Number(port) || 5432, tls: false, greeting: sslRequest }
}

/** Of PostgreSQL's protocol, the question whether it speaks TLS. It is answered with one letter, before anybody says who they are. */
const sslRequest = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47])
