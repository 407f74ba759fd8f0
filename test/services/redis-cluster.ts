import { spawnSync } from 'node:child_process'
import { Redis } from 'ioredis'
import type { RedisNode } from '../../drivers/redis/library.js'
import { eventually } from '../kit/eventually.js'
import { missingService, onFreePort, type RunningProgram, runProgram, serviceFolder } from './service.js'

/** A cluster that tests may use, or the reason why there is none. */
export type ClusterService =
  | RunningCluster
  | { readonly nodes?: undefined; readonly missing: string; stop(): Promise<void> }

export interface RunningCluster {
  /** The masters, as the cluster began. */
  readonly nodes: readonly RedisNode[]
  readonly missing: false
  /** As `kill -9` does. */
  kill(port: number): Promise<void>
  stop(): Promise<void>
}

export interface RedisClusterOptions {
  /** Whether each master has a replica. @default false */
  readonly replicas?: boolean
  /** Milliseconds after which a silent node counts as dead. @default 5000 */
  readonly nodeTimeout?: number
}

const slots = 16_384
const masters = 3

/** A private Redis Cluster of three masters, each with a third of the slots. Stop it when done. */
export async function redisCluster(options: RedisClusterOptions = {}): Promise<ClusterService> {
  if (spawnSync('redis-server', ['--version']).error) {
    return { ...missingService('No Redis: install redis-server.'), missing: 'No Redis: install redis-server.' }
  }
  const { replicas = false, nodeTimeout = 5_000 } = options
  const servers: Node[] = []
  while (servers.length < (replicas ? 2 : 1) * masters) servers.push(await startNode(nodeTimeout))
  const clients = servers.map(({ port }) => new Redis(port, '127.0.0.1'))
  try {
    await join(clients, servers)
    if (replicas) await replicate(clients)
  } finally {
    for (const client of clients) client.disconnect()
  }
  return {
    nodes: servers.slice(0, masters).map(({ port }) => ({ host: '127.0.0.1', port })),
    missing: false,
    kill: async (port) => servers.find((server) => server.port === port)?.program.end('KILL'),
    stop: async () => void (await Promise.all(servers.map(({ program }) => program.stop()))),
  }
}

/** The port of the master that has the slot of a key, as the others see it. */
export async function ownerOf(nodes: readonly RedisNode[], key: string): Promise<number> {
  return await withClients(nodes, async ([client]) => Number((await ownerSeenBy(client as Redis, key))[1]))
}

/**
 * Gives the slot of a key to the next of these nodes, as `redis-cli --cluster reshard` does it: keys go one after another, and clients are sent to and
 * fro meanwhile.
 */
export async function moveSlot(nodes: readonly RedisNode[], key: string): Promise<void> {
  await withClients(nodes, async (clients) => {
    const slot = Number(await clients[0]?.cluster('KEYSLOT', key))
    const names = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'MYID'))))
    const owner = names.indexOf((await ownerSeenBy(clients[0] as Redis, key))[2])
    const next = (owner + 1) % clients.length
    const [from, to] = [clients[owner] as Redis, clients[next] as Redis]
    await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', names[owner] as string)
    await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', names[next] as string)
    for (;;) {
      const [moved] = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[]
      if (moved === undefined) break
      await from.migrate('127.0.0.1', nodes[next]?.port ?? 0, moved, 0, 5_000)
    }
    for (const client of [to, from]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', names[next] as string)
  })
}

type Owner = [host: string, port: number, name: string]

async function ownerSeenBy(client: Redis, key: string): Promise<Owner> {
  const slot = Number(await client.cluster('KEYSLOT', key))
  const all = (await client.call('CLUSTER', 'SLOTS')) as [first: number, last: number, owner: Owner][]
  const [, , owner] = all.find(([first, last]) => first <= slot && slot <= last) ?? []
  return owner ?? ['', 0, '']
}

async function withClients<T>(
  nodes: readonly RedisNode[],
  work: (clients: readonly Redis[]) => Promise<T>,
): Promise<T> {
  const clients = nodes.map(({ host, port = 0 }) => new Redis(port, host))
  try {
    return await work(clients)
  } finally {
    for (const client of clients) client.disconnect()
  }
}

interface Node {
  readonly port: number
  readonly program: RunningProgram
}

/** The bus of a cluster has a port of its own, 10,000 higher unless it is said. */
async function startNode(nodeTimeout: number): Promise<Node> {
  return await onFreePort((port) =>
    onFreePort(async (bus) => ({
      port,
      program: await runProgram({
        file: 'redis-server',
        args: [
          ...['--port', `${port}`, '--cluster-port', `${bus}`, '--bind', '127.0.0.1'],
          ...['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'],
          ...['--cluster-enabled', 'yes', '--cluster-node-timeout', `${nodeTimeout}`],
        ],
        folder: serviceFolder('redis-cluster'),
        ready: /Ready to accept connections/,
        signal: 'TERM',
      }),
    })),
  )
}

async function join(clients: readonly Redis[], servers: readonly Node[]): Promise<void> {
  const share = Math.ceil(slots / masters)
  const [first] = clients
  for (const [place, client] of clients.entries()) {
    if (place < masters) {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', place * share, Math.min(slots, (place + 1) * share) - 1)
    }
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', place + 1)
  }
  const buses = await Promise.all(clients.map(async (client) => String(await client.config('GET', 'cluster-port'))))
  for (const [place, { port }] of servers.entries()) {
    if (place > 0) await first?.call('CLUSTER', 'MEET', '127.0.0.1', port, String(buses[place]).split(',').at(-1) ?? '')
  }
  await everyNode(clients, async (client) => {
    const info = String(await client.call('CLUSTER', 'INFO'))
    if (!/cluster_state:ok/.test(info) || !info.includes(`cluster_known_nodes:${servers.length}`)) throw new Error(info)
  })
}

/** The nodes after the masters become their replicas. */
async function replicate(clients: readonly Redis[]): Promise<void> {
  const names = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'MYID'))))
  for (const [place, client] of clients.slice(masters).entries()) {
    await client.call('CLUSTER', 'REPLICATE', names[place] as string)
  }
  await everyNode(clients.slice(masters), async (client) => {
    const info = await client.info('replication')
    if (!/master_link_status:up/.test(info)) throw new Error(info)
  })
}

async function everyNode(clients: readonly Redis[], look: (client: Redis) => Promise<void>): Promise<void> {
  const all = async () => {
    for (const client of clients) await look(client)
  }
  await eventually(all, { within: 20_000 })
}
