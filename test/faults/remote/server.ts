import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { QueueDriver, QueueListener, QueueSignals } from '../../../core/ports/queue.js'
import type { RoomsDriver } from '../../../core/ports/rooms.js'
import { createMemoryBroker } from '../../../drivers/memory/broker.js'
import { memoryQueue, memoryQueueStore } from '../../../drivers/memory/queue.js'
import { memoryRooms } from '../../../drivers/memory/rooms.js'
import { driverContext } from '../../kit/driver-context.js'
import { type Reply, type Request, receive, send } from './wire.js'

/** A bug to plant into the drivers of the remote memory. */
export interface Bug {
  queue?(driver: QueueDriver): QueueDriver
  rooms?(driver: RoomsDriver): RoomsDriver
}

/** The memory drivers as a server, to test the scenarios themselves on: it keeps its data whatever happens to its links. */
export interface RemoteMemory {
  readonly url: string
  readonly port: number
  /** Resets all links, and takes no new ones until `restart`. */
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startRemoteMemory({
  queue: plantQueue = same,
  rooms: plantRooms = same,
}: Bug = {}): Promise<RemoteMemory> {
  const queue = plantQueue(memoryQueue({ store: memoryQueueStore() }))
  const broker = createMemoryBroker()
  const sockets = new Set<Socket>()
  const context = driverContext({ report: () => {} })
  await queue.start?.(context)
  let server = createServer(connect)

  async function connect(socket: Socket): Promise<void> {
    sockets.add(socket)
    const rooms = plantRooms(memoryRooms({ broker }))
    const listeners: QueueListener[] = []
    const tell = (signal: string, ...args: unknown[]) => socket.writable && send(socket, { signal, args })
    rooms.listen({
      message: (message) => void tell('message', message),
      state: (state) => void tell('state', state),
    })
    socket.on('error', () => {}) // Its close follows.
    socket.on('close', () => {
      sockets.delete(socket)
      for (const listener of listeners) void listener.close()
      void rooms.stop?.()
    })
    await rooms.start?.(context)
    receive<Request>(socket, (request) => void answer(request))

    async function answer({ id, port, method, args }: Request): Promise<void> {
      const reply: Reply = await Promise.resolve()
        .then(() => call(port, method, args))
        .then((value) => ({ id, value }))
        .catch((error: unknown) => ({ id, failed: String(error) }))
      if (socket.writable) send(socket, reply)
    }

    async function call(port: Request['port'], method: string, args: readonly unknown[]): Promise<unknown> {
      if (method === 'listen') {
        const [queues] = args as [readonly string[]]
        const names = ['wake', 'cancel', 'settled', 'event'] as const
        const signals = Object.fromEntries(
          names.map((name) => [name, (...told: unknown[]) => void tell(name, ...told)]),
        )
        listeners.push(await queue.listen({ queues, signals: signals as QueueSignals }))
        return undefined
      }
      if (method === 'watch') return await listeners[0]?.watch(args[0] as readonly string[])
      const target = port === 'queue' ? queue : port === 'rooms' ? rooms : rooms.presence
      return await Reflect.get(target, method).apply(target, args)
    }
  }

  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  async function kill(): Promise<void> {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
    await once(server, 'close')
  }

  const port = await listen(0)
  return {
    url: `memory://127.0.0.1:${port}`,
    port,
    kill,
    async restart() {
      server = createServer(connect)
      await listen(port)
    },
    stop: kill,
  }
}

function same<T>(driver: T): T {
  return driver
}
