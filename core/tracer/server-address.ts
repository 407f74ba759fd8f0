import type { ServerAddress } from '../ports/driver.js'
import type { Attributes } from '../ports/tracer.js'

/** Where a server is, as spans tell it. */
export function serverAttributes(server: ServerAddress | undefined): Attributes {
  return server === undefined ? {} : { 'server.address': server.address, 'server.port': server.port }
}

/** The server that an address such as `postgres://user:password@host:5432/database` names, and nothing else of it. */
export function serverInUrl(text: string | undefined, port: number): ServerAddress | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const { hostname, port: given } = new URL(text)
  return hostname === '' ? undefined : { address: decodeURIComponent(hostname), port: given ? Number(given) : port }
}
