import { checkOptionNames } from '../../core/driver-options.js'
import { messageOf, TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import type { Head, RoomsDriver, RoomsListener } from '../../core/ports/rooms.js'
import { type Connections, connectRedis } from './client.js'
import { isOfLink } from './errors.js'
import { asText } from './lane.js'
import { roomsOptionNames } from './option-names.js'
import { type RedisOptions, settingsOf } from './options.js'
import { createHearing, type Hearing } from './rooms-hearing.js'
import { createRoomLogs, readNews } from './rooms-log.js'
import { createRedisPresence } from './rooms-presence.js'
import { createStanding } from './rooms-standing.js'
import { type ServerWatch, watchServer } from './rooms-watch.js'
import type { Script, ScriptText } from './script.js'
import { serverScript } from './scripts/rooms.js'

/** Options of the rooms driver `redis`. */
export interface RedisRoomsOptions extends RedisOptions {
  /**
   * Uses the sharded publish and subscribe of Redis 7 and later: on a cluster, messages then stay on the shard of the namespace instead of
   * going to every node.
   *
   * @default false
   */
  readonly sharded?: boolean
  /**
   * Milliseconds by which the time of rooms differs from that of the server, for tests.
   *
   * @internal
   */
  readonly clockOffset?: () => number
}

/**
 * Rooms over Redis.
 *
 * @throws `ERR_CONFIG_INVALID` when the options name no Redis, or are not known.
 */
export function redisRooms({ clockOffset = () => 0, ...options }: RedisRoomsOptions): RoomsDriver {
  checkOptionNames('redisRooms', options, roomsOptionNames satisfies readonly (keyof RedisRoomsOptions)[])
  const { sharded = false } = options
  const settings = settingsOf(options)
  let listener: RoomsListener | undefined
  let running: Running | undefined

  function started(): Running {
    if (running) return running
    throw new TriportError('ERR_NOT_STARTED', 'The Redis rooms are not started. Call start() first.')
  }

  const standing = createStanding((state) => listener?.state(state))
  const logs = createRoomLogs({
    run,
    publishCommand: sharded ? 'SPUBLISH' : 'PUBLISH',
    clockOffset,
    resends: settings.target.type === 'client',
  })
  const node = () => started().context.instanceId
  const clock = () => started().context.clock
  const presence = createRedisPresence({ run: (script, args) => run(script, args, asText), node, clock, clockOffset })

  /** Not an async function: calls leave in the order in which they are made. */
  function run<T>(script: Script, args: readonly ScriptText[], read: (reply: unknown) => T): Promise<T> {
    const { connections, watch } = started()
    if (!standing.works('command') || !standing.works('server')) return Promise.reject(away())
    return connections.lane.run(script, args, read).catch((error: TriportError) => {
      if (!isOfLink(error)) throw error
      watch?.suspect()
      throw away(error)
    })
  }

  async function start(context: DriverContext): Promise<void> {
    const hearing = createHearing({
      subscriber: () => started().connections.subscriber,
      channelPrefix: `${settings.prefix}roomnews:`,
      away,
    })
    const connections = await connectRedis({
      settings,
      context,
      name: 'rooms',
      rooms: {
        sharded,
        commandDown,
        commandUp,
        nodeDown: () => running?.watch?.look(),
      },
      message(channel, news) {
        const room = running && hearing.roomOf(channel)
        if (room !== undefined) readNews(room, news, (message) => listener?.message(message))
      },
      down() {
        if (running === undefined) return // Stopped.
        standing.set('subscriber', false)
        hearing.broken()
      },
      renewed: () => standing.set('subscriber', true),
    })
    running = { context, connections, hearing, watch: undefined }
    running.watch = watchServer({
      ask: () => connections.lane.run(serverScript, [], String),
      works: (is) => standing.set('server', is),
      clock: context.clock,
    })
  }

  function commandDown(): void {
    standing.set('command', false)
    running?.watch?.forget()
  }

  /** The link is there. Whether Redis answers by it is to be seen. */
  function commandUp(): void {
    standing.set('server', false)
    standing.set('command', true)
    running?.watch?.look()
  }

  return {
    name: 'redis',
    supports: { shared: true, transactions: false },
    presence,
    listen(target) {
      listener = target
    },
    start,
    async stop() {
      running?.watch?.stop()
      running?.connections.close()
      running = undefined
    },
    publish(messages, publishOptions) {
      if (publishOptions?.tx === undefined) return logs.publish(messages)
      return Promise.reject(new TriportError('ERR_UNSUPPORTED', 'Redis rooms have no transactions. Leave tx out.'))
    },
    async subscribe(rooms) {
      if (!standing.works('subscriber')) throw away()
      await started().hearing.subscribe(rooms)
      return await headsOf(rooms, true)
    },
    async unsubscribe(rooms) {
      started().hearing.unsubscribe(rooms)
    },
    read: logs.read,
    heads: (rooms) => headsOf(rooms, false),
    renew: logs.renew,
  }

  /** In parts: a long call would keep others waiting. */
  async function headsOf(rooms: readonly string[], begin: boolean): Promise<Map<string, Head>> {
    const parts: Promise<Map<string, Head>>[] = []
    for (let from = 0; from < rooms.length; from += headsAtOnce) {
      parts.push(logs.heads(rooms.slice(from, from + headsAtOnce), begin))
    }
    return new Map((await Promise.all(parts)).flatMap((part) => [...part]))
  }
}

interface Running {
  readonly context: DriverContext
  readonly connections: Connections
  readonly hearing: Hearing
  watch: ServerWatch | undefined
}

const headsAtOnce = 500

function away(cause?: Error): TriportError {
  const reason = cause ? messageOf(cause) : 'The connection to Redis is broken, and is being made anew.'
  return new TriportError('ERR_BROKER_UNAVAILABLE', reason, { cause })
}
