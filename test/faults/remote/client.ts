import { createConnection, type Socket } from 'node:net'
import { TriportError } from '../../../core/errors.js'
import type { DriverContext } from '../../../core/ports/driver.js'
import type { QueueDriver, QueueSignals } from '../../../core/ports/queue.js'
import type { RoomsDriver, RoomsListener } from '../../../core/ports/rooms.js'
import { type Reply, type Request, receive, send } from './wire.js'

/** Where the remote memory is. */
export interface RemoteOptions {
  readonly url: string
}

const queueMethods = [
  ...[
    'enqueue',
    'claim',
    'extend',
    'settle',
    'progress',
    'get',
    'cancel',
    'counts',
    'pause',
    'isPaused',
    'list',
    'remove',
  ],
  ...['redrive', 'log', 'saveSchedule', 'schedules', 'tickSchedule', 'pauseSchedule', 'removeSchedule'],
  ...['announceWorker', 'withdrawWorker', 'workers'],
]
const roomsMethods = ['publish', 'read', 'heads', 'renew']

export function remoteQueue({ url }: RemoteOptions): QueueDriver {
  const heard: { queues: readonly string[]; signals: QueueSignals }[] = []
  const link = createLink(url, {
    code: 'ERR_DRIVER_UNAVAILABLE',
    async up() {
      for (const { queues } of heard) await link.call('queue', 'listen', queues)
      for (const { signals } of heard) signals.resync?.()
    },
    signal(name, args) {
      for (const { signals } of heard) (signals as Record<string, (...args: unknown[]) => void>)[name]?.(...args)
    },
  })
  return {
    ...methodsOf(link, 'queue', queueMethods),
    name: 'remote',
    supports: { durable: true, shared: true, transactions: false, inline: false, events: true },
    start: link.open,
    stop: link.close,
    async listen(options: { readonly queues: readonly string[]; readonly signals: QueueSignals }) {
      await link.call('queue', 'listen', options.queues)
      heard.push(options)
      return {
        watch: (ids: readonly string[]) => link.call('queue', 'watch', ids) as Promise<void>,
        unwatch() {},
        async close() {
          heard.splice(heard.indexOf(options), 1)
        },
      }
    },
  } as unknown as QueueDriver
}

export function remoteRooms({ url }: RemoteOptions): RoomsDriver {
  const subscribed = new Set<string>()
  let listener: RoomsListener | undefined
  const link = createLink(url, {
    code: 'ERR_BROKER_UNAVAILABLE',
    async up(again) {
      if (subscribed.size > 0) await link.call('rooms', 'subscribe', [...subscribed])
      if (again) listener?.state('up')
    },
    down: () => listener?.state('down'),
    signal: (name, args) => (listener as unknown as Record<string, (...args: unknown[]) => void>)?.[name]?.(...args),
  })
  return {
    ...methodsOf(link, 'rooms', roomsMethods),
    name: 'remote',
    supports: { shared: true, transactions: false },
    presence: methodsOf(link, 'presence', ['enter', 'leave', 'renew', 'list']),
    start: link.open,
    stop: link.close,
    listen(target: RoomsListener) {
      listener = target
    },
    async subscribe(rooms: readonly string[]) {
      const heads = await link.call('rooms', 'subscribe', rooms)
      for (const room of rooms) subscribed.add(room)
      return heads
    },
    async unsubscribe(rooms: readonly string[]) {
      for (const room of rooms) subscribed.delete(room)
      await link.call('rooms', 'unsubscribe', rooms)
    },
  } as unknown as RoomsDriver
}

interface Link {
  open(context: DriverContext): Promise<void>
  call(port: Request['port'], method: string, ...args: unknown[]): Promise<unknown>
  close(): Promise<void>
}

interface LinkEvents {
  readonly code: 'ERR_DRIVER_UNAVAILABLE' | 'ERR_BROKER_UNAVAILABLE'
  /** The link works, for the first time or again. */
  up(again: boolean): Promise<void>
  down?(): void
  signal(name: string, args: readonly unknown[]): void
}

function createLink(url: string, { code, up, down, signal }: LinkEvents): Link {
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  const port = Number(new URL(url).port)
  let socket: Socket | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false
  let calls = 0

  const away = () => new TriportError(code, 'The remote memory is away.')

  function connect(again: boolean): Promise<void> {
    const opening = createConnection({ port, host: '127.0.0.1', noDelay: true })
    return new Promise((resolve, reject) => {
      opening.on('connect', () => {
        socket = opening
        up(again).then(resolve, reject)
      })
      opening.on('error', () => {}) // Its close follows.
      opening.on('close', () => {
        reject(away())
        lose(opening)
      })
      receive<Reply>(opening, (reply) => {
        if ('signal' in reply) return signal(reply.signal, reply.args)
        const call = pending.get(reply.id)
        pending.delete(reply.id)
        if ('value' in reply) call?.resolve(reply.value)
        else call?.reject(new Error(reply.failed))
      })
    })
  }

  function lose(lost: Socket): void {
    if (socket === lost) {
      socket = undefined
      down?.()
    }
    for (const call of pending.values()) call.reject(away())
    pending.clear()
    if (!closed) retry = setTimeout(() => void connect(true).catch(() => {}), 100) // A failure closes it, and that tries again.
  }

  return {
    async open() {
      await connect(false)
    },
    call(target, method, ...args) {
      const link = socket
      if (!link) return Promise.reject(away())
      return new Promise((resolve, reject) => {
        const id = ++calls
        pending.set(id, { resolve, reject })
        send(link, { id, port: target, method, args })
      })
    },
    async close() {
      closed = true
      clearTimeout(retry)
      socket?.destroy()
    },
  }
}

function methodsOf(link: Link, port: Request['port'], names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => link.call(port, name, ...args)]))
}
