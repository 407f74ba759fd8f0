import type { Clock } from '../../core/clock.js'
import { checkOptionNames } from '../../core/driver-options.js'
import { TriportError } from '../../core/errors.js'
import type { Head, RoomsDriver, RoomsListener, RoomsPresence } from '../../core/ports/rooms.js'
import { createMemoryBroker, type MemoryBroker, type MemoryLink } from './broker.js'
import { roomsOptionNames } from './option-names.js'

/** Options of the rooms driver `memory`. */
export interface MemoryRoomsOptions {
  /** Shared by the runtimes of one process whose rooms are the same. @default a broker of its own */
  readonly broker?: MemoryBroker
}

/**
 * Rooms that live in this process, with history, and end with it.
 *
 * @throws `ERR_CONFIG_INVALID` for options that are not known.
 */
export function memoryRooms(options: MemoryRoomsOptions = {}): RoomsDriver {
  checkOptionNames('memoryRooms', options, roomsOptionNames satisfies readonly (keyof MemoryRoomsOptions)[])
  const broker = options.broker ?? createMemoryBroker()
  const subscribed = new Set<string>()
  let listener: RoomsListener | undefined
  let clock: Clock | undefined

  function time(): number {
    if (clock) return clock.now()
    throw new TriportError('ERR_NOT_STARTED', 'The memory rooms are not started. Call start() first.')
  }

  function leave(rooms: Iterable<string>): void {
    for (const room of rooms) {
      broker.unsubscribe(link, room)
      subscribed.delete(room)
    }
  }

  const driver: RoomsDriver = {
    name: 'memory',
    supports: { shared: false, transactions: false },
    presence: presenceOf(broker, () => link, time),
    async start(context) {
      clock = context.clock
      broker.connect(link)
    },
    async stop() {
      leave([...subscribed])
      broker.disconnect(link)
      clock = undefined
    },
    listen(target) {
      listener = target
    },
    async publish(messages, options) {
      if (options?.tx !== undefined)
        throw new TriportError('ERR_UNSUPPORTED', 'Memory rooms have no transactions. Leave tx out.')
      const now = time()
      return messages.map((message) => broker.publish(link, message, now))
    },
    async subscribe(rooms) {
      const now = time()
      const heads = new Map(rooms.map((room) => [room, broker.subscribe(link, room, now)]))
      for (const room of rooms) subscribed.add(room)
      return heads
    },
    async unsubscribe(rooms) {
      leave(rooms)
    },
    async read(room, range) {
      return broker.read(link, room, range, time())
    },
    async heads(rooms) {
      broker.check(link)
      const known = rooms.map((room): [string, Head | undefined] => [room, broker.head(link, room)])
      return new Map(known.filter((entry): entry is [string, Head] => entry[1] !== undefined))
    },
    async renew(room, epoch) {
      return broker.renew(link, room, epoch, time())
    },
  }
  const link: MemoryLink = {
    driver,
    message: (message) => listener?.message(message),
    state: (state) => listener?.state(state),
  }
  return driver
}

function presenceOf(broker: MemoryBroker, link: () => MemoryLink, time: () => number): RoomsPresence {
  return {
    async enter(members, ttl) {
      broker.check(link())
      broker.presence.enter(link(), members, time() + ttl)
    },
    async leave(members) {
      broker.check(link())
      broker.presence.leave(link(), members)
    },
    async renew(ttl) {
      broker.check(link())
      const now = time()
      return broker.presence.renew(link(), now, now + ttl)
    },
    async list(room, limit) {
      broker.check(link())
      return broker.presence.list(room, limit, time())
    },
  }
}
