import { invalidConfig } from '../../core/driver-options.js'
import type { ServerAddress } from '../../core/ports/driver.js'
import { serverInUrl } from '../../core/tracer/server-address.js'
import type { ClientContext, PostgresClient } from './database.js'
import { openEmbedded } from './embedded.js'
import { unavailable } from './failures.js'
import { type PostgresClientOptions, problemOfPostgresUrl } from './options.js'
import { openServer } from './server.js'

/**
 * Opens a database. Queue and rooms with the same `dataDir` get the same one.
 *
 * @throws `ERR_CONFIG_INVALID`, `ERR_PEER_MISSING`, `ERR_DRIVER_UNAVAILABLE`
 */
export async function openClient(options: PostgresClientOptions, context: ClientContext): Promise<PostgresClient> {
  check(options)
  const embedded = options.dataDir !== undefined || isPglite(options.client)
  try {
    return await (embedded ? openEmbedded(options, context) : openServer(options, context))
  } catch (error) {
    throw unavailable(error)
  }
}

/** Where the server is, as far as the options say. */
export function serverOf({ url, host, port, pool, client }: PostgresClientOptions): ServerAddress | undefined {
  const given = ((pool as { readonly options?: object } | undefined)?.options ?? client ?? { host, port }) as Named
  const named = serverInUrl(url ?? given.connectionString, defaultPort)
  return named ?? (given.host ? { address: given.host, port: given.port ?? defaultPort } : undefined)
}

interface Named {
  readonly host?: string
  readonly port?: number
  readonly connectionString?: string
}

const defaultPort = 5_432

/** PGlite is the one that has `exec`. */
export function isPglite(client: PostgresClientOptions['client']): boolean {
  return client !== undefined && 'exec' in client
}

function check(options: PostgresClientOptions): void {
  const { url, host, pool, client, dataDir, directUrl, schema = 'triport' } = options
  const ways = { url, host, pool, client, dataDir }
  const given = Object.entries(ways).filter(([, value]) => value !== undefined)
  if (given.length !== 1) {
    const told = given.map(([name]) => name).join(', ') || 'none of them'
    throw invalidConfig(`Say where the database is by one of url, host, pool, client and dataDir. There is ${told}.`)
  }
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(schema)) {
    throw invalidConfig(`The schema is ${JSON.stringify(schema)}. Use lower case letters, digits and _, at most 41.`)
  }
  for (const [name, text] of Object.entries({ url, directUrl })) {
    const problem = text === undefined ? undefined : problemOfPostgresUrl(name, text)
    if (problem !== undefined) throw invalidConfig(problem)
  }
}
