import { spawnSync } from 'node:child_process'
import { missingPrivate, type PrivateServer, type PrivateService, startPrivate } from './private-server.js'
import { foreignService, missingService, onFreePort, type Service, serviceFolder, startProgram } from './service.js'

/** The Redis of `REDIS_URL`, else a private one. Stop it when done. */
export async function redisService(): Promise<Service> {
  if (process.env.REDIS_URL) return foreignService(process.env.REDIS_URL)
  if (!isInstalled()) return missingService('No Redis: install redis-server, or set REDIS_URL.')
  return await onFreePort(async (port) => {
    const stop = await startProgram({
      file: 'redis-server',
      args: ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      folder: serviceFolder('redis'),
      ready: /Ready to accept connections/,
      signal: 'TERM',
    })
    return { url: `redis://127.0.0.1:${port}`, missing: false, stop }
  })
}

/** How a private Redis is started. */
export interface PrivateRedisOptions {
  /** Writes everything to a file, as a Redis does that must not lose jobs. Without it, a restart has lost everything. @default true */
  readonly aof?: boolean
  /** The port of the Redis that this one copies. */
  readonly replicaOf?: number
}

/** A Redis of the caller's own, whatever the environment says. Stop it when done. */
export async function privateRedis(options: PrivateRedisOptions = {}): Promise<PrivateService> {
  if (!isInstalled()) return missingPrivate('No Redis: install redis-server.')
  return await onFreePort((port) => startRedis(port, options))
}

async function startRedis(port: number, { aof = true, replicaOf }: PrivateRedisOptions): Promise<PrivateServer> {
  return await startPrivate({
    url: `redis://127.0.0.1:${port}`,
    port,
    file: 'redis-server',
    args: [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', aof ? 'yes' : 'no'],
      ...(replicaOf === undefined ? [] : ['--replicaof', '127.0.0.1', `${replicaOf}`]),
      ...['--repl-diskless-sync-delay', '0'],
    ],
    folder: serviceFolder('redis'),
    ready: /Ready to accept connections/,
    signal: 'KILL', // While a replica writes its first file, it does not end by TERM.
  })
}

function isInstalled(): boolean {
  return spawnSync('redis-server', ['--version']).error === undefined
}
