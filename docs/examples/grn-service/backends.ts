import { join } from 'node:path'

/** As `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>

/** Where jobs and messages are: in this process, on a server, or in a database inside this process, in a folder. */
export type Backend = 'memory' | 'redis' | 'postgres' | 'embedded'

/** Something that the user can put right; its message says what. */
export class UserError extends Error {}

interface Facts {
  /** Whether web and worker may be processes of their own. */
  readonly shared: boolean
  /** Whether jobs are there again after a restart. */
  readonly durable: boolean
  /** The variable with the address of the server. */
  readonly address?: string
  /** How to get one. */
  readonly hint?: string
}

export const backends: Readonly<Record<Backend, Facts>> = {
  memory: { shared: false, durable: false },
  redis: {
    shared: true,
    durable: true,
    address: 'REDIS_URL',
    hint: 'Start one (docker run -p 6379:6379 redis, or apt install redis-server) and set REDIS_URL=redis://localhost:6379',
  },
  postgres: {
    shared: true,
    durable: true,
    address: 'DATABASE_URL',
    hint:
      'Start one (docker run -p 5432:5432 -e POSTGRES_PASSWORD=secret postgres, or apt install postgresql) ' +
      'and set DATABASE_URL=postgres://postgres:secret@localhost:5432/postgres',
  },
  embedded: { shared: false, durable: true },
}

/**
 * The environment with what `--driver` says in it: it is short for the variables that a deployment sets.
 *
 * @throws UserError when the address of the server is missing.
 */
export function environmentFor(backend: Backend, env: Env, folder = '.grn-service'): Env {
  const { address, hint } = backends[backend]
  if (address !== undefined && !env[address]) {
    throw new UserError(`--driver ${backend}: ${address} is not set. ${hint}`)
  }
  const driver = backend === 'embedded' ? 'postgres' : backend
  const named = { ...env, TRIPORT_QUEUE: driver, TRIPORT_ROOMS: driver }
  if (backend === 'embedded') return { ...named, DATABASE_URL: '', TRIPORT_DATA_DIR: join(folder, 'postgres') }
  return { ...named, TRIPORT_DATA_DIR: '' }
}
