import type { Port } from '../core/config.js'
import type { Found } from './addresses.js'

/** The packages that the driver of an address needs for a port, and that are not installed. */
export async function missingLibraries(port: Port, { driver, option }: Found): Promise<readonly string[]> {
  if (driver === 'redis') return (await import('./redis/installed.js')).missing()
  if (driver !== 'postgres' || port === 'tracer') return []
  return (await import('./postgres/installed.js')).missing({ port, embedded: option === 'dataDir' })
}
