import { type Port, type RuntimeConfig, refuse } from '../core/config.js'
import type { Detect, Env } from '../core/placement.js'
import type { AnyTask } from '../core/queue/task.js'
import { createDetect, misspelt, namedBy } from './detect.js'
import { missingLibraries } from './libraries.js'
import type { BuiltinDrivers } from './table.js'
import { table } from './table.js'

/** The part of a configuration that `configFromEnv` reads. What the environment does not name is left out. */
export type EnvConfig = Pick<RuntimeConfig<BuiltinDrivers, readonly AnyTask[]>, 'queue' | 'tracer' | 'rooms' | 'worker'>

/**
 * Reads a configuration from the environment, to be spread into `createRuntime`.
 *
 * - `TRIPORT_QUEUE`: `memory`, `sync`, `redis` or `postgres`
 * - `TRIPORT_TRACER`: `memory`, `noop` or `opentelemetry`
 * - `TRIPORT_ROOMS`: `memory`, `redis` or `postgres`
 * - `TRIPORT_WORKER`: `on`, `off`, or how many jobs to run at once
 * - `REDIS_URL`: where `redis` is; `DATABASE_URL`, or `TRIPORT_DATA_DIR` for one in this process: where `postgres` is
 *
 * @throws `ERR_CONFIG_INVALID` with every problem in `details.problems`.
 * @example createRuntime({ tasks, ...configFromEnv(process.env) })
 */
export function configFromEnv(env: Env): EnvConfig {
  const problems = misspelt(env)
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

/** What the environment says about a port that the configuration leaves out. */
export const detect: Detect = createDetect({
  names,
  missing: missingLibraries,
  unreachable: async (address) => (await import('./reachability.js')).unreachable(address),
  tracing: async (env) => (await import('./opentelemetry/found.js')).findOpenTelemetry(env),
})

function names(port: Port): readonly string[] {
  return Object.keys(table[port])
}

function choiceFromEnv(port: Port, env: Env, problems: string[]): object {
  const named = namedBy(env, port, names(port), problems)
  return named ? { [port]: { driver: named.driver, ...named.options } } : {}
}

function workerFromEnv(value: string | undefined, problems: string[]): EnvConfig['worker'] {
  if (value === undefined || value === '') return undefined
  if (value === 'on') return true
  if (value === 'off') return false
  if (/^[1-9]\d{0,5}$/.test(value)) return { concurrency: Number(value) }
  problems.push(`TRIPORT_WORKER is ${JSON.stringify(value)}. Write on, off, or how many jobs to run at once.`)
  return undefined
}
