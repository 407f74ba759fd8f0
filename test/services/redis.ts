import { spawnSync } from 'node:child_process'
import { foreignService, missingService, onFreePort, type Service, serviceFolder, startProgram } from './service.js'

/** The Redis of `REDIS_URL`, else a private one. Stop it when done. */
export async function redisService(): Promise<Service> {
  if (process.env.REDIS_URL) return foreignService(process.env.REDIS_URL)
  if (spawnSync('redis-server', ['--version']).error) {
    return missingService('No Redis: install redis-server, or set REDIS_URL.')
  }
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
