import type { Cluster, Command, Redis } from 'ioredis'
import { TriportError } from '../../core/errors.js'

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
  /** A command to be sent. */
  command(name: string, args: readonly string[], answer: Answer): Command
}

/** Who waits for the answer to a command. It is called once, at once, and must not throw. */
export interface Answer {
  /** @param reply With buffers for texts. */
  resolve(reply: unknown): void
  reject(error: unknown): void
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
    command: createCommands(new Command('ping')),
  }
}

/**
 * Commands are made after one of ioredis, whose constructor takes longer than all the rest of a call. They have no promise, as resolving one with a
 * buffer takes as long as reading the reply, and no timeout or trace of ioredis: who calls has its own.
 */
function createCommands(model: Command): Library['command'] {
  class Call {
    isSettled = false
    readonly isTraced = true

    constructor(
      readonly name: string,
      readonly args: readonly string[],
      readonly answer: Answer,
    ) {}

    resolve(reply: unknown): void {
      if (this.isSettled) return
      this.isSettled = true
      this.answer.resolve(reply)
    }

    reject(error: unknown): void {
      if (this.isSettled) return
      this.isSettled = true
      this.answer.reject(error)
    }

    setTimeout(): void {}
  }
  Object.setPrototypeOf(Call.prototype, model)
  return (name, args, answer) => new Call(name, args, answer) as unknown as Command
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
