import type { Port } from '../core/config.js'
import type { Env } from '../core/placement.js'
import { problemOfPostgresUrl } from './postgres/options.js'
import { problemOfRedisUrl } from './redis/options.js'

/** A variable that says where a backend is. */
export interface Address {
  readonly variable: string
  /** The driver of that backend, and its option that takes the value. */
  readonly driver: string
  readonly option: 'url' | 'dataDir'
  /** What the variable may hold, for messages. */
  readonly example: string
  /** What is wrong with a value of the variable. */
  problemOf?(variable: string, value: string): string | undefined
}

/** An address that the environment has. */
export interface Found extends Address {
  readonly value: string
}

const database: Address = {
  variable: 'DATABASE_URL',
  driver: 'postgres',
  option: 'url',
  example: 'postgres://user:password@localhost:5432/app',
  problemOf: problemOfPostgresUrl,
}
const folder: Address = {
  variable: 'TRIPORT_DATA_DIR',
  driver: 'postgres',
  option: 'dataDir',
  example: './data, for a database inside this process',
}
const redis: Address = {
  variable: 'REDIS_URL',
  driver: 'redis',
  option: 'url',
  example: 'redis://localhost:6379',
  problemOf: problemOfRedisUrl,
}

/** Where each port looks, in this order, when nothing names its driver: docs/adr/0019-what-the-environment-chooses.md says why. */
const order: Readonly<Record<Port, readonly Address[]>> = {
  queue: [folder, database, redis],
  rooms: [folder, redis, database],
  tracer: [],
}

/** The addresses in the environment that a port can use, the preferred one first. */
export function addressesIn(env: Env, port: Port): Found[] {
  return order[port].flatMap((address) => {
    const value = env[address.variable]
    return value ? [{ ...address, value }] : []
  })
}

/** What a driver that is named by `variable` needs besides its name. Pushes to `problems` when the environment does not have it. */
export function optionsFor(
  port: Port,
  { variable, driver }: { readonly variable: string; readonly driver: string },
  env: Env,
  problems: string[],
): object {
  const possible = order[port].filter((address) => address.driver === driver)
  const found = addressesIn(env, port).filter((address) => address.driver === driver)
  if (possible.length === 0) return {}
  if (found.length === 0) {
    const set = possible.map((address) => `${address.variable}, such as ${address.example}`)
    problems.push(`${variable} is "${driver}", but it is not said where that is. Set ${set.join('; or ')}.`)
    return {}
  }
  problems.push(...ambiguous(found), ...found.flatMap((address) => problemIn(address) ?? []))
  return optionsOf(found[0])
}

/** Two places for one driver: none is the obvious one. */
export function ambiguous(found: readonly Found[]): string[] {
  return [...Map.groupBy(found, ({ driver }) => driver).values()].flatMap((places) => {
    const names = places.map(({ variable }) => variable).sort()
    return names.length < 2
      ? []
      : [`${names.join(' and ')} are both set, and only one can be meant. Unset one, or name it in the code.`]
  })
}

/** What is wrong with an address. */
export function problemIn({ problemOf, variable, value }: Found): string | undefined {
  return problemOf?.(variable, value)
}

/** Whether an address is one of something else: `DATABASE_URL` is any database's. */
export function isForeign(address: Found): boolean {
  return (
    problemIn(address) !== undefined && /^[a-z][\w+.-]*:[/.]/i.test(address.value) && !ownScheme.test(address.value)
  )
}

const ownScheme = /^(?:postgres(?:ql)?|rediss?):/i

/** The variables that say where something is. */
export const addressVariables = [database, folder, redis].map(({ variable }) => variable)

export function optionsOf(found: Found | undefined): object {
  return found ? { [found.option]: found.value } : {}
}
