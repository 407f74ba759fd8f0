import { type Port, refuse } from '../core/config.js'
import { type Detect, type Detection, type Env, isProduction, type NoDetection } from '../core/placement.js'
import { nearest, unknownName } from '../core/suggest.js'
import {
  addressesIn,
  addressVariables,
  ambiguous,
  type Found,
  isForeign,
  optionsFor,
  optionsOf,
  problemIn,
} from './addresses.js'
import type { Findings } from './opentelemetry/found.js'

/** What choosing from the environment depends on besides the environment. */
export interface Drivers {
  /** The names of the drivers of a port. */
  names(port: Port): readonly string[]
  /** The packages that the driver of an address needs, and that are not installed. */
  missing(address: Found): Promise<readonly string[]>
  /** Why the server of an address cannot be reached; `undefined` when it answers. */
  unreachable(address: Found): Promise<string | undefined>
  /** Whether somebody wants spans. */
  tracing(env: Env): Promise<Findings>
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
 * environment, whose libraries are installed and whose server answers. It never guesses an address. Tests get a server only by name: whoever
 * runs them did not mean them to work on the jobs of that database.
 */
export function createDetect(drivers: Drivers): Detect {
  return async (port, env) => {
    const problems = misspelt(env)
    const named = namedBy(env, port, drivers.names(port), problems)
    refuse(problems)
    if (named) return { ...named, reason: `${variables[port]} is "${named.driver}"` }
    if (port === 'tracer') return byTraces(env, drivers)
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
    const objection = await objectionTo(address, env, drivers)
    if (objection === undefined) {
      return { driver, options: optionsOf(address), reason: [...passedOver, `${variable} is set`].join(', and ') }
    }
    passedOver.push(`${variable} is set but ${objection}`)
  }
  return passedOver.length > 0 ? { reason: passedOver.join(', and ') } : {}
}

/**
 * Why an address cannot be used. In production a server that does not answer is no reason: another one would get the jobs of a service
 * of which other processes have reached the first.
 */
async function objectionTo(address: Found, env: Env, drivers: Drivers): Promise<string | undefined> {
  if (isForeign(address)) return `is no address of ${address.driver}`
  refuse([problemIn(address)].filter((problem) => problem !== undefined))
  const missing = await drivers.missing(address)
  if (missing.length > 0) return `${list(missing)} not installed`
  return isProduction(env) ? undefined : await drivers.unreachable(address)
}

async function byTraces(env: Env, drivers: Drivers): Promise<Detection | NoDetection> {
  const { use, reason } = await drivers.tracing(env)
  if (reason === undefined) return {}
  return use && drivers.names('tracer').includes('opentelemetry') ? { driver: 'opentelemetry', reason } : { reason }
}

/** Misspelt names of variables, a sentence each. What is near to none of ours may be the application's own. */
export function misspelt(env: Env): string[] {
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith(prefix) || !env[name] || ours.includes(name)) return []
    const rest = name.slice(prefix.length)
    const meant = addressVariables.includes(rest) ? rest : nearest(rest, ownNames)
    if (meant === undefined) return []
    return [`Unknown variable ${name}. Did you mean ${meant === rest ? rest : prefix + meant}?`]
  })
}

const prefix = 'TRIPORT_'
const ours = [...Object.values(variables), 'TRIPORT_WORKER', ...addressVariables].filter((name) =>
  name.startsWith(prefix),
)
const ownNames = ours.map((name) => name.slice(prefix.length))

/** `pg is`, `pg and pg-boss are` */
function list(names: readonly string[]): string {
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'}`
}
