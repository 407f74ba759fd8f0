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
  command(name: string, args: readonly string[]): SentCommand
}

/** A command whose promise says that the reply is there. */
export interface SentCommand extends Command {
  /** With buffers for texts. */
  readonly reply: unknown
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
 * Commands are made after one of ioredis, whose constructor takes longer than all the rest of a call. Their promise resolves with nothing: with a buffer
 * it would take as long as reading the reply.
 */
function createCommands(model: Command): Library['command'] {
  class BareCommand {
    reply: unknown
    readonly promise: Promise<void>
    resolve!: (reply: unknown) => void
    reject!: (error: unknown) => void
    #timeout: ReturnType<typeof setTimeout> | undefined

    constructor(
      readonly name: string,
      readonly args: readonly string[],
    ) {
      this.promise = new Promise((resolve, reject) => {
        this.resolve = (reply) => {
          clearTimeout(this.#timeout)
          this.reply = reply
          resolve()
        }
        this.reject = (error) => {
          clearTimeout(this.#timeout)
          reject(error)
        }
      })
    }

    /** For `commandTimeout` of a client of the application. */
    setTimeout(ms: number): void {
      this.#timeout ??= setTimeout(() => this.reject(new Error('Command timed out')), ms)
    }
  }
  Object.setPrototypeOf(BareCommand.prototype, model)
  return (name, args) => new BareCommand(name, args) as unknown as SentCommand
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
