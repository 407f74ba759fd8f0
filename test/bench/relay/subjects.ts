import type { Server } from 'node:http'
import { Redis } from 'ioredis'
import { attach } from '../../../adapters/index.js'
import type { RuntimeConfig } from '../../../core/config.js'
import type { AnyTask } from '../../../core/queue/task.js'
import { type BuiltinDrivers, createRuntime } from '../../../drivers/index.js'
import { fanoutData } from '../fanout-message.js'
import { peer } from '../peers.js'

/** What the nodes are made of: triport with these rooms, or Socket.IO over the Redis of `url`. It crosses to the node's process as JSON. */
export type RelaySubject =
  | {
      readonly name: 'triport'
      readonly rooms: NonNullable<RuntimeConfig<BuiltinDrivers, readonly AnyTask[]>['rooms']>
    }
  | { readonly name: 'socket.io'; readonly url: string; readonly peersFrom: string }

/** One node: it publishes, and serves clients when it has a server. */
export interface RelayNode {
  publish(number: number): unknown
  close(): Promise<unknown>
}

const room = 'bench:1'
/** How many messages a room of triport keeps. */
export const historyCount = 1_000
const history = { count: historyCount, ttl: '1h' } as const

/** The path that brings a client into the room. */
export const paths = { triport: '/ws/bench/1', 'socket.io': '/socket.io/?EIO=4&transport=websocket' } as const

export function relayNode(subject: RelaySubject, server?: Server): Promise<RelayNode> {
  return subject.name === 'triport' ? triportNode(subject.rooms, server) : socketIoNode(subject, server)
}

async function triportNode(
  rooms: Extract<RelaySubject, { name: 'triport' }>['rooms'],
  server: Server | undefined,
): Promise<RelayNode> {
  const runtime = createRuntime({
    queue: { driver: 'memory' },
    tracer: { driver: 'noop' },
    rooms,
    worker: false,
    http: { auth: 'public' },
  })
  if (server) attach(runtime, { server })
  await runtime.start()
  return {
    publish: (number) => runtime.rooms.broadcastToRoom(room, { type: 'tick', data: fanoutData(number) }, { history }),
    close: () => runtime.stop(),
  }
}

interface SocketIo {
  readonly Server: new (
    server?: Server,
    options?: object,
  ) => {
    adapter(adapter: unknown): void
    on(event: 'connection', listener: (socket: { join(room: string): unknown }) => void): void
    to(room: string): { emit(type: string, data: unknown): unknown }
    close(): Promise<void>
  }
}

interface RedisAdapter {
  createAdapter(publisher: Redis, subscriber: Redis): unknown
}

/** Its Redis adapter has no history. */
async function socketIoNode(
  { url, peersFrom }: Extract<RelaySubject, { name: 'socket.io' }>,
  server: Server | undefined,
): Promise<RelayNode> {
  const library = await peer<SocketIo>('socket.io', peersFrom)
  const adapter = await peer<RedisAdapter>('@socket.io/redis-adapter', peersFrom)
  if (!library || !adapter) throw new Error('socket.io and its adapter are to be installed.')
  const [publisher, subscriber] = [new Redis(url), new Redis(url)]
  const io = new library.Server(server, { transports: ['websocket'], serveClient: false })
  for (const client of [publisher, subscriber]) client.on('error', () => {}) // It is told by what does not arrive.
  io.adapter(adapter.createAdapter(publisher, subscriber))
  io.on('connection', (socket) => void socket.join(room))
  return {
    publish: (number) => io.to(room).emit('tick', fanoutData(number)),
    async close() {
      if (server) await io.close()
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}
