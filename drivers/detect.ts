import { type Port, refuse } from '../core/config.js'
import type { Detect, Detection, Env, NoDetection } from '../core/placement.js'
import { unknownName } from '../core/suggest.js'
import { addressesIn, ambiguous, type Found, optionsFor, optionsOf } from './addresses.js'

/** What choosing from the environment depends on besides the environment. */
export interface Drivers {
  /** The names of the drivers of a port. */
  names(port: Port): readonly string[]
  /** The packages that the driver of an address needs, and that are not installed. */
  missing(address: Found): Promise<readonly string[]>
}

/** The variables that name a driver. */
export const variables: Readonly<Record<Port, string>> = {
  queue: 'TRIPORT_QUEUE',
  tracer: 'TRIPORT_TRACER',
  rooms: 'TRIPORT_ROOMS',
}

/** A driver that is named by the environment, with where it is; `undefined` when none is. */
export function namedBy(
  env: Env,
  port: Port,
  names: readonly string[],
  problems: string[],
): { readonly driver: string; readonly options: object } | undefined {
  const variable = variables[port]
  const driver = env[variable]
  if (driver === undefined || driver === '') return undefined
  if (!names.includes(driver)) {
    problems.push(`${variable}: ${unknownName(`${port} driver`, driver, names)}`)
    return undefined
  }
  return { driver, options: optionsFor(port, { variable, driver }, env, problems) }
}

/**
 * Chooses the driver of a port that the configuration leaves out: the one that `TRIPORT_<PORT>` names, else one whose address is in the
 * environment and whose libraries are installed. It never guesses an address. Tests get a server only by name: whoever runs them did
 * not mean them to work on the jobs of that database.
 */
export function createDetect(drivers: Drivers): Detect {
  return async (port, env) => {
    const problems: string[] = []
    const named = namedBy(env, port, drivers.names(port), problems)
    refuse(problems)
    if (named) return { ...named, reason: `${variables[port]} is "${named.driver}"` }
    if (env.NODE_ENV === 'test') return {}
    return byAddress(port, env, drivers)
  }
}

async function byAddress(port: Port, env: Env, drivers: Drivers): Promise<Detection | NoDetection> {
  const names = drivers.names(port)
  const found = addressesIn(env, port).filter(({ driver }) => names.includes(driver))
  refuse(ambiguous(found))
  const passedOver: string[] = []
  for (const address of found) {
    const { driver, variable } = address
    const missing = await drivers.missing(address)
    if (missing.length === 0) {
      return { driver, options: optionsOf(address), reason: [...passedOver, `${variable} is set`].join(', and ') }
    }
    passedOver.push(`${variable} is set but ${list(missing)} not installed`)
  }
  return passedOver.length > 0 ? { reason: passedOver.join(', and ') } : {}
}

/** `pg is`, `pg and pg-boss are` */
function list(names: readonly string[]): string {
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'}`
}
