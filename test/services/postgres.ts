import { execFileSync, spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { missingPrivate, type PrivateService, startPrivate } from './private-server.js'
import {
  foreignService,
  missingService,
  type Owner,
  onFreePort,
  type Program,
  type Service,
  serviceFolder,
  startProgram,
} from './service.js'

/** The PostgreSQL of `DATABASE_URL`, else a private one with an empty database. Stop it when done. */
export async function postgresService(): Promise<Service> {
  if (process.env.DATABASE_URL) return foreignService(process.env.DATABASE_URL)
  const binaries = findBinaries()
  if (!binaries) return missingService('No PostgreSQL: install postgresql, or set DATABASE_URL.')
  return await onFreePort((port) => start(binaries, port))
}

/**
 * A PostgreSQL of the caller's own, whatever the environment says, as durable as PostgreSQL is by default. Stop it when done. `kill` with
 * `INT` is the shutdown that PostgreSQL calls fast, with `QUIT` the immediate one.
 *
 * @param own More settings: `shared_buffers=512MB`.
 */
export async function privatePostgres(own: readonly string[] = []): Promise<PrivateService> {
  const binaries = findBinaries()
  if (!binaries) return missingPrivate('No PostgreSQL: install postgresql.')
  const all = [...settings, ...own]
  return await onFreePort((port) => startPrivate({ ...prepare(binaries, port, all), url: urlOf(port), port }))
}

async function start(binaries: string, port: number): Promise<Service> {
  const stop = await startProgram(prepare(binaries, port, [...settings, ...careless]))
  return { url: urlOf(port), missing: false, stop }
}

/** Makes an empty database. */
function prepare(binaries: string, port: number, settings: readonly string[]): Program {
  const owner = ownerOfServer()
  const folder = serviceFolder('postgres', owner)
  const data = join(folder, 'data')
  const init = ['-D', data, '-U', 'triport', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  execFileSync(join(binaries, 'initdb'), init, { ...owner, cwd: folder, stdio: 'pipe' })
  return {
    file: join(binaries, 'postgres'),
    args: ['-D', data, '-p', `${port}`, ...settings.flatMap((setting) => ['-c', setting])],
    folder,
    owner,
    ready: /ready to accept connections/,
    signal: 'INT',
  }
}

function urlOf(port: number): string {
  return `postgres://triport@127.0.0.1:${port}/postgres`
}

const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200']

/** For tests: nothing has to survive the machine. A killed server still recovers, for its pages are in the kernel's cache. */
const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/** The folder of the newest installed server. Debian keeps its programs off the PATH. */
function findBinaries(): string | undefined {
  const version = (path: string): number => Number(/\/(\d+)\//.exec(path)?.[1] ?? 0)
  const installed = globSync('/usr/lib/postgresql/*/bin/postgres').sort((a, b) => version(b) - version(a))
  const found = installed[0] ?? spawnSync('sh', ['-c', 'command -v postgres'], { encoding: 'utf8' }).stdout.trim()
  return found ? dirname(found) : undefined
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package makes, else as nobody. */
function ownerOfServer(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const user = spawnSync('id', ['-u', 'postgres']).status === 0 ? 'postgres' : 'nobody'
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
