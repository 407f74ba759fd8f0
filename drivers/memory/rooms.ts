import type { Clock } from '../../core/clock.js'
import { TriportError } from '../../core/errors.js'
import type { Position, RoomsDriver, RoomsListener } from '../../core/ports/rooms.js'
import { createMemoryBroker, type MemoryBroker, type MemoryListener } from './broker.js'

/** Options of the rooms driver `memory`. */
export interface MemoryRoomsOptions {
  /** Shared by the runtimes of one process whose rooms are the same. @default a broker of its own */
  readonly broker?: MemoryBroker
}

/** Rooms that live in this process, with history, and end with it. */
export function memoryRooms(options: MemoryRoomsOptions = {}): RoomsDriver {
  const broker = options.broker ?? createMemoryBroker()
  const subscribed = new Set<string>()
  let listener: RoomsListener | undefined
  let clock: Clock | undefined
  const hear: MemoryListener = (message) => listener?.message(message)

  function time(): number {
    if (clock) return clock.now()
    throw new TriportError('ERR_NOT_STARTED', 'The memory rooms are not started. Call start() first.')
  }

  function leave(rooms: Iterable<string>): void {
    for (const room of rooms) {
      broker.unsubscribe(room, hear)
      subscribed.delete(room)
    }
  }

  return {
    name: 'memory',
    supports: { shared: false, transactions: false },
    async start(context) {
      clock = context.clock
    },
    async stop() {
      leave([...subscribed])
      clock = undefined
    },
    listen(target) {
      listener = target
    },
    async publish(messages, options) {
      if (options?.tx !== undefined)
        throw new TriportError('ERR_UNSUPPORTED', 'Memory rooms have no transactions. Leave tx out.')
      const now = time()
      return messages.map((message) => broker.publish(message, now))
    },
    async subscribe(rooms) {
      const now = time()
      for (const room of rooms) subscribed.add(room)
      return new Map(rooms.map((room) => [room, broker.subscribe(room, hear, now)]))
    },
    async unsubscribe(rooms) {
      leave(rooms)
    },
    async read(room, range) {
      return broker.read(room, range, time())
    },
    async heads(rooms) {
      const known = rooms.map((room): [string, Position | undefined] => [room, broker.head(room)])
      return new Map(known.filter((entry): entry is [string, Position] => entry[1] !== undefined))
    },
  }
}
