import type { Cluster, Command, Redis } from 'ioredis'
import { TriportError } from '../../core/errors.js'
import type { ScriptText } from './script.js'

/** Where one Redis process listens. */
export interface RedisNode {
  readonly host: string
  /** @default 6379; 26379 of a Sentinel */
  readonly port?: number
}

/** A connection to one Redis, or to the nodes of a cluster. */
export type Link = Redis | Cluster

/** Makes connections. */
export interface Library {
  single(options: object): Redis
  cluster(nodes: readonly RedisNode[], options: object): Cluster
  /** A command to be sent, whose answer has buffers for its texts, or strings. */
  command(name: string, args: readonly string[], raw?: boolean): Command
}

/**
 * Loads ioredis.
 *
 * @throws `ERR_PEER_MISSING` when it is not installed.
 */
export async function loadLibrary(): Promise<Library> {
  const { Redis, Cluster, Command } = await importLibrary()
  // What the options come to is decided at run time, and the overloads of its constructors do not take that.
  return {
    single: (options) => new Redis(options as never),
    cluster: (nodes, options) => {
      return new Cluster(
        nodes.map(({ host, port = 6_379 }) => ({ host, port })),
        options as never,
      )
    },
    command: createCommands((name) => new Command(name, [], { replyEncoding: 'utf8' })),
  }
}

/**
 * Commands are made after the first one of their name: ioredis' constructor takes longer than all the rest of a call. They have no timeouts of
 * ioredis, as who calls has its own.
 */
function createCommands(first: (name: string) => Command): Library['command'] {
  const firsts = new Map<string, Command>()
  return (name, args, raw = false) => {
    const like = firsts.get(name) ?? first(name)
    firsts.set(name, like)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    return Object.assign(Object.create(like) as Command, {
      args,
      promise,
      resolve: raw ? resolve : (reply: Buffer) => resolve(like.transformReply(reply)),
      reject,
      setTimeout() {},
    })
  }
}

async function importLibrary() {
  try {
    return await import('ioredis')
  } catch (cause) {
    throw new TriportError('ERR_PEER_MISSING', 'Redis needs the package "ioredis". Run: npm install ioredis@6', {
      cause,
    })
  }
}

/** The connections that a link has open: one, or one for each node in use. */
export function nodesOf(link: Link): readonly Redis[] {
  return link.isCluster ? (link as Cluster).nodes('all') : [link as Redis]
}

/** The connection to the node of a cluster that has this slot, if that is known. */
export function ownersOf(slot: number, link: Link): readonly Redis[] {
  const [owner] = (link as Cluster).slots[slot] ?? []
  return nodesOf(link).filter(({ options: { host, port } }) => `${host}:${port}` === owner)
}

/**
 * ioredis listens by `prependListener`, which Node does not take for listening: it would put each chunk into a buffer, and take it from there a
 * tick later.
 */
export function readDirectly(node: Redis): void {
  node.on('connect', () => node.stream.on('data', () => {}))
}

/** Asks a cluster which node has which slots. What fails is told by the next command. */
export function findOwners(link: Link): Promise<void> {
  return new Promise((resolve) => (link as Cluster).refreshSlotsCache(() => resolve()))
}
