import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RedisNode } from '../../drivers/redis/library.js'
import { onFreePort, runProgram, serviceFolder } from './service.js'

/** A Sentinel of a test's own. Stop it when done. */
export interface Sentinel {
  readonly port: number
  stop(): Promise<void>
}

/**
 * Watches a master, and makes one of its replicas the master when it has been silent for so many milliseconds.
 *
 * @param name What the Sentinel calls the master.
 */
export async function startSentinel(name: string, master: Required<RedisNode>, patience = 30_000): Promise<Sentinel> {
  return await onFreePort(async (port) => {
    const folder = serviceFolder('redis-sentinel')
    const config = join(folder, 'sentinel.conf')
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor ${name} ${master.host} ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} ${patience}`,
      `sentinel failover-timeout ${name} 10000`,
    ]
    writeFileSync(config, `${lines.join('\n')}\n`)
    const program = { file: 'redis-server', args: [config, '--sentinel'], folder, signal: 'TERM' } as const
    const { stop } = await runProgram({ ...program, ready: /\+monitor master/ })
    return { port, stop }
  })
}
