import { type Port, type RuntimeConfig, refuse } from '../core/config.js'
import type { Detect, Env } from '../core/placement.js'
import type { AnyTask } from '../core/queue/task.js'
import { unknownName } from '../core/suggest.js'
import type { BuiltinDrivers } from './table.js'
import { table } from './table.js'

/** The part of a configuration that `configFromEnv` reads. What the environment does not name is left out. */
export type EnvConfig = Pick<RuntimeConfig<BuiltinDrivers, readonly AnyTask[]>, 'queue' | 'tracer' | 'rooms' | 'worker'>

const variables: Readonly<Record<Port, string>> = {
  queue: 'TRIPORT_QUEUE',
  tracer: 'TRIPORT_TRACER',
  rooms: 'TRIPORT_ROOMS',
}

/**
 * Reads a configuration from the environment, to be spread into `createRuntime`.
 *
 * - `TRIPORT_QUEUE`: `memory` or `sync`
 * - `TRIPORT_TRACER`: `memory` or `noop`
 * - `TRIPORT_ROOMS`: `memory`
 * - `TRIPORT_WORKER`: `on`, `off`, or how many jobs to run at once
 *
 * @throws `ERR_CONFIG_INVALID` with every problem in `details.problems`.
 * @example createRuntime({ tasks, ...configFromEnv(process.env) })
 */
export function configFromEnv(env: Env): EnvConfig {
  const problems: string[] = []
  const worker = workerFromEnv(env.TRIPORT_WORKER, problems)
  const config = {
    ...choiceFromEnv('queue', env, problems),
    ...choiceFromEnv('tracer', env, problems),
    ...choiceFromEnv('rooms', env, problems),
    ...(worker === undefined ? {} : { worker }),
  }
  refuse(problems)
  return config as EnvConfig
}

/** What the environment says about a port that the configuration leaves out. It never guesses an address. */
export const detect: Detect = (port, env) => {
  const variable = variables[port]
  const name = env[variable]
  if (name === undefined || name === '') return undefined
  if (!Object.hasOwn(table[port], name))
    refuse([`${variable}: ${unknownName(`${port} driver`, name, Object.keys(table[port]))}`])
  return { driver: name, reason: `${variable} is "${name}"` }
}

function choiceFromEnv(port: Port, env: Env, problems: string[]): object {
  const name = env[variables[port]]
  if (name === undefined || name === '') return {}
  if (Object.hasOwn(table[port], name)) return { [port]: { driver: name } }
  problems.push(`${variables[port]}: ${unknownName(`${port} driver`, name, Object.keys(table[port]))}`)
  return {}
}

function workerFromEnv(value: string | undefined, problems: string[]): EnvConfig['worker'] {
  if (value === undefined || value === '') return undefined
  if (value === 'on') return true
  if (value === 'off') return false
  if (/^[1-9]\d{0,5}$/.test(value)) return { concurrency: Number(value) }
  problems.push(`TRIPORT_WORKER is ${JSON.stringify(value)}. Write on, off, or how many jobs to run at once.`)
  return undefined
}
