import { spawnSync } from 'node:child_process'
import { Redis } from 'ioredis'
import type { RedisNode } from '../../drivers/redis/library.js'
import { eventually } from '../kit/eventually.js'
import { missingService, onFreePort, serviceFolder, startProgram } from './service.js'

/** A cluster that tests may use, or the reason why there is none. */
export type ClusterService =
  | { readonly nodes: readonly RedisNode[]; readonly missing: false; stop(): Promise<void> }
  | { readonly nodes?: undefined; readonly missing: string; stop(): Promise<void> }

const slots = 16_384

/** A private Redis Cluster of three masters, each with a third of the slots. Stop it when done. */
export async function redisCluster(): Promise<ClusterService> {
  if (spawnSync('redis-server', ['--version']).error) {
    return { ...missingService('No Redis: install redis-server.'), missing: 'No Redis: install redis-server.' }
  }
  const servers = [await startNode(), await startNode(), await startNode()]
  const clients = servers.map(({ port }) => new Redis(port, '127.0.0.1'))
  try {
    await join(clients, servers)
  } finally {
    for (const client of clients) client.disconnect()
  }
  return {
    nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    missing: false,
    stop: async () => void (await Promise.all(servers.map(({ stop }) => stop()))),
  }
}

interface Node {
  readonly port: number
  stop(): Promise<void>
}

/** The bus of a cluster has a port of its own, 10,000 higher unless it is said. */
async function startNode(): Promise<Node> {
  return await onFreePort((port) =>
    onFreePort(async (bus) => ({
      port,
      stop: await startProgram({
        file: 'redis-server',
        args: [
          ...[
            '--port',
            `${port}`,
            '--cluster-port',
            `${bus}`,
            '--bind',
            '127.0.0.1',
            '--save',
            '',
            '--appendonly',
            'no',
          ],
          ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'],
        ],
        folder: serviceFolder('redis-cluster'),
        ready: /Ready to accept connections/,
        signal: 'TERM',
      }),
    })),
  )
}

async function join(clients: readonly Redis[], servers: readonly Node[]): Promise<void> {
  const share = Math.ceil(slots / clients.length)
  const [first] = clients
  for (const [place, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', place * share, Math.min(slots, (place + 1) * share) - 1)
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', place + 1)
  }
  const buses = await Promise.all(clients.map(async (client) => String(await client.config('GET', 'cluster-port'))))
  for (const [place, { port }] of servers.entries()) {
    if (place > 0) await first?.call('CLUSTER', 'MEET', '127.0.0.1', port, String(buses[place]).split(',').at(-1) ?? '')
  }
  await eventually(
    async () => {
      for (const client of clients) {
        const info = String(await client.call('CLUSTER', 'INFO'))
        if (!/cluster_state:ok/.test(info) || !/cluster_known_nodes:3/.test(info)) throw new Error(info)
      }
    },
    { within: 20_000 },
  )
}
