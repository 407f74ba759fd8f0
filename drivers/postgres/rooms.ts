import { checkOptionNames } from '../../core/driver-options.js'
import { type Duration, milliseconds } from '../../core/duration.js'
import { TriportError } from '../../core/errors.js'
import type { RoomsDriver, RoomsListener } from '../../core/ports/rooms.js'
import { isPglite } from './client.js'
import { roomsOptionNames } from './option-names.js'
import type { PostgresClientOptions } from './options.js'
import { openNode, type RoomsNode } from './rooms-node.js'

/** Options of the rooms driver `postgres`. */
export interface PostgresRoomsOptions extends PostgresClientOptions {
  /** With `listen: false`: how often a node asks for news. @default '250ms' */
  readonly pollInterval?: Duration
  /**
   * For tests: milliseconds that are added to the time of the server.
   *
   * @internal
   */
  readonly clockOffset?: () => number
}

/** A room that this node hears. */
interface Subscribed {
  readonly room: string
  /** How many calls to subscribe are under way. */
  asked: number
  /** One of them has succeeded. */
  live: boolean
}

/**
 * Rooms on PostgreSQL, or on PGlite in this process: logs in tables, and NOTIFY for what is new.
 *
 * @throws `ERR_OPTION_INVALID`, `ERR_DURATION_INVALID`, `ERR_CONFIG_INVALID` for options that are not known. What else is wrong with them is told
 *   by `start()`.
 */
export function postgresRooms({ clockOffset = () => 0, ...options }: PostgresRoomsOptions): RoomsDriver {
  checkOptionNames('postgresRooms', options, roomsOptionNames satisfies readonly (keyof PostgresRoomsOptions)[])
  const interval = milliseconds(options.pollInterval ?? '250ms', 'pollInterval of the rooms')
  const embedded = options.dataDir !== undefined || isPglite(options.client)
  const subscribed = new Map<string, Subscribed>()
  let listener: RoomsListener | undefined
  let running: RoomsNode | undefined

  function started(): RoomsNode {
    if (running) return running
    throw new TriportError('ERR_NOT_STARTED', 'The rooms of the postgres driver are not started. Call start() first.')
  }

  function ask(room: string): Subscribed {
    const subscription = subscribed.get(room) ?? { room, asked: 0, live: false }
    subscription.asked++
    subscribed.set(room, subscription)
    return subscription
  }

  /** A room that nobody could subscribe to is not heard. */
  function settle(subscription: Subscribed): void {
    const { room, asked, live } = subscription
    subscription.asked = asked - 1
    if (asked === 1 && !live && subscribed.get(room) === subscription) subscribed.delete(room)
  }

  return {
    name: 'postgres',
    supports: { shared: !embedded, transactions: true },
    presence: {
      enter: async (...call) => await started().presence.enter(...call),
      leave: async (...call) => await started().presence.leave(...call),
      renew: async (...call) => await started().presence.renew(...call),
      list: async (...call) => await started().presence.list(...call),
    },
    async start(context) {
      running ??= await openNode({ ...options, interval, clockOffset }, context, {
        hears: (room) => subscribed.has(room),
        message: (message) => listener?.message(message),
        state: (state) => listener?.state(state),
      })
    },
    async stop() {
      const stopping = running
      running = undefined
      subscribed.clear()
      await stopping?.stop()
    },
    listen(target) {
      listener = target
    },
    publish: async (messages, { tx } = {}) => await started().publish(messages, tx),
    async subscribe(rooms) {
      // At once: what is asked for later must find this done.
      const asked = rooms.map((room) => ask(room))
      try {
        await started().hear()
        const heads = await started().logs.open(rooms)
        for (const subscription of asked) subscription.live = true
        return heads
      } finally {
        for (const subscription of asked) settle(subscription)
      }
    },
    async unsubscribe(rooms) {
      for (const room of rooms) subscribed.delete(room)
    },
    read: async (...call) => await started().logs.read(...call),
    heads: async (...call) => await started().logs.heads(...call),
    renew: async (...call) => await started().logs.renew(...call),
  }
}
