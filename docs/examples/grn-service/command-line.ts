import { parseArgs } from 'node:util'
import type { WorkerOptions } from 'triport'
import { type Backend, backends, type Env, environmentFor, UserError } from './backends.js'
import { type Adapter, hosts } from './service.js'

const roles = { both: true, web: true, worker: true }
type Role = keyof typeof roles

export const usage = `Usage: npm start -- [options]

  Serves the gene network service and its page until Ctrl+C.

  --port <number>        Listen here. Default: 3000
  --adapter <name>       The web server: ${Object.keys(hosts).join(', ')}. Default: express
  --driver <name>        Where jobs and messages are: ${Object.keys(backends).join(', ')}.
                         Default: what the environment says, else memory
  --role <name>          web runs no jobs, worker runs nothing else. Default: both
  --once <network.json>  Run one network without a browser: progress, result, trace.
                         With redis and postgres, the worker is a process of its own
  --data <folder>        Write down here what outlives the process.
                         Default: .grn-service, and nothing with memory
  --trace                Print this worker's part of the traces when it ends
  --help                 Show this text
`

/** What the command line asks for. */
export interface Command {
  readonly help: boolean
  readonly port: number
  readonly adapter: Adapter
  readonly role: Role
  readonly driver: Backend | undefined
  /** The network file to run, instead of serving. */
  readonly once: string | undefined
  readonly folder: string | undefined
  readonly trace: boolean
  /** The environment of the process with what the command line says in it. */
  readonly env: Env
  /** How this process runs jobs. Left out, the environment says whether it does. */
  readonly worker: WorkerOptions | boolean | undefined
}

/** @throws UserError when it makes no sense. */
export function readCommand(args: string[], environment: Env): Command {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '3000' },
      adapter: { type: 'string', default: 'express' },
      driver: { type: 'string' },
      role: { type: 'string', default: 'both' },
      once: { type: 'string' },
      data: { type: 'string' },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { help, trace, once } = values
  const adapter = oneOf('--adapter', values.adapter, hosts)
  const role = oneOf('--role', values.role, roles)
  const driver = values.driver === undefined ? undefined : oneOf('--driver', values.driver, backends)
  checkRole(role, driver, environment)
  const folder = values.data ?? (driver && backends[driver].durable ? '.grn-service' : undefined)
  const env = driver && !help ? environmentFor(driver, environment, folder) : environment
  const worker = workerOf(role, driver, env)
  return { help, trace, once, adapter, role, driver, folder, env, worker, port: portNumber(values.port) }
}

function checkRole(role: Role, driver: Backend | undefined, env: Env): void {
  if (role === 'both' || (driver ? backends[driver].shared : env.TRIPORT_QUEUE)) return
  const shared = Object.entries(backends).flatMap(([name, facts]) => (facts.shared ? [name] : []))
  throw new UserError(`--role ${role}: processes share their jobs with --driver ${shared.join(' or ')}`)
}

function workerOf(role: Role, driver: Backend | undefined, env: Env): Command['worker'] {
  if (role === 'web') return false
  if (driver === undefined || env.TRIPORT_WORKER) return undefined
  // No other process can hold a job of this one: it need not wait long for the jobs of the process that was killed.
  return driver === 'embedded' ? { lease: '5s' } : true
}

function portNumber(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new UserError(`--port ${text}: a port is a number from 0 to 65535`)
}

function oneOf<Name extends string>(flag: string, text: string, known: Readonly<Record<Name, unknown>>): Name {
  if (Object.hasOwn(known, text)) return text as Name
  throw new UserError(`${flag} ${text}: known are ${Object.keys(known).join(', ')}`)
}
