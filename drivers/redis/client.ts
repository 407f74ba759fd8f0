import type { Redis } from 'ioredis'
import type { DriverContext } from '../../core/ports/driver.js'
import { failure } from './errors.js'
import { checkDatabase, checkServer, connecting, firstConnect } from './first-connect.js'
import { createLane, type Lane } from './lane.js'
import { type Link, loadLibrary, nodesOf, ownersOf, readDirectly } from './library.js'
import { type Calls, createCalls, type Patience } from './link.js'
import type { Settings, Target } from './options.js'
import { createPulse } from './pulse.js'
import { createSubscriber, type Subscriber, type SubscriberEvents } from './subscriber.js'

/** The connections of one driver: three at most, of a cluster three at most for each of its nodes. */
export interface Connections {
  /** All keys begin with it: `{triport}:`. */
  readonly prefix: string
  /** For callers who wait: fails fast while Redis is away. */
  readonly command: Calls
  /** For a worker, which can wait longer. A connection of its own, made when it is used first: big claims keep nobody waiting. */
  readonly worker: Calls
  readonly subscriber: Pick<Subscriber, 'subscribe' | 'unsubscribe'>
  /** Over the connection of `command`, for who wants no second try. */
  readonly lane: Lane
  close(): void
}

export interface ConnectOptions extends SubscriberEvents {
  readonly settings: Settings
  readonly context: DriverContext
  /** Names the connections in CLIENT LIST: `queue`. */
  readonly name: string
  /** What rooms need besides. They tell of broken links themselves, so those are not reported. */
  readonly rooms?: RoomsLinks
}

/** What rooms want of their links. None of it may throw. */
export interface RoomsLinks {
  /** Channels are those of the shard that has the namespace. */
  readonly sharded: boolean
  commandDown(): void
  commandUp(): void
  /** One node of a cluster is not connected any more. */
  nodeDown(): void
}

const commandPatience: Patience = { answer: 10_000, down: 1_000 }
const workerPatience: Patience = { answer: 60_000, down: 5_000 }

/** In milliseconds. While Redis loads its data it is asked again so often: more rarely, and its link would be taken for dead. */
const longestLoading = 5_000
const longestDelay = 3_000

/**
 * Connects to Redis.
 *
 * @throws `ERR_PEER_MISSING`; `ERR_DRIVER_UNAVAILABLE` when Redis cannot be reached, `ERR_UNSUPPORTED` when it is older than 6.2;
 * `ERR_CONFIG_INVALID` when it does not have the database, or the client that was passed is closed.
 */
export async function connectRedis(options: ConnectOptions): Promise<Connections> {
  const { settings, context, name, rooms, ...events } = options
  const { clock, report, random, untraced } = context
  const { prefix, target } = settings
  const library = await loadLibrary()
  const own: Link[] = []
  let reached = false

  const delay = (failures: number) => random() * Math.min(longestDelay, 50 * 2 ** Math.min(failures, 10))
  const profile = (role: string) => ({
    lazyConnect: true,
    connectionName: `triport:${name}:${role}`,
    connectTimeout: connecting,
    keepAlive: 10_000,
    maxLoadingRetryTime: longestLoading,
    autoResubscribe: false,
    // Calls are sent again by `createCalls`: ioredis would also send those that nobody waits for any more.
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: delay,
    // Who starts wants to know that no Sentinel has the master. Later they are asked for ever.
    sentinelRetryStrategy: (failures: number) => (reached ? delay(failures) : null),
    reconnectOnError: (error: Error) => error.message.includes('READONLY'), // A master that became a replica.
  })

  function make(role: string): Link {
    if (target.type === 'client') return target.client
    const link =
      target.type === 'single'
        ? library.single({ ...target.options, ...profile(role) })
        : library.cluster(target.nodes, clusterOptions(target, role))
    own.push(link)
    if (link.isCluster) link.on('+node', readDirectly)
    else readDirectly(link as Redis)
    watch(link, role)
    return link
  }

  function clusterOptions({ options, natMap }: Extract<Target, { type: 'cluster' }>, role: string): object {
    const { retryStrategy: _, sentinelRetryStrategy: __, enableOfflineQueue: ___, ...redisOptions } = profile(role)
    return {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: delay,
      // Calls and lane send again by themselves. While a slot is on its way from node to node, a script would find half of its keys.
      maxRedirections: 0,
      redisOptions: { ...options, ...redisOptions },
      ...(natMap && { natMap }),
    }
  }

  /** Tells once of each interruption. */
  function watch(link: Link, role: string): void {
    let told = true // What goes wrong at first is told by who connects.
    link.on('ready', () => {
      told = false
    })
    link.on('error', (error) => {
      if (!told && !rooms) report(failure(error, 'The connection to Redis broke'), { stage: `redis.${name}.${role}` })
      told = true
    })
  }

  /** A connection to the same Redis, or to a node of the same cluster, that hears. */
  function connectSubscriber(): Redis {
    const { retryStrategy: _, ...rest } = profile('subscriber')
    const override = { ...rest, lazyConnect: false, retryStrategy: null, readOnly: false }
    if (target.type === 'single') return library.single({ ...target.options, ...override })
    const nodes = rooms?.sharded && slot !== undefined ? ownersOf(slot, commandLink) : nodesOf(commandLink)
    const node = nodes[Math.floor(random() * nodes.length)]
    if (node) return node.duplicate(override)
    // The cluster is away. Its first node fails as well, and then another one is tried.
    const first = target.type === 'cluster' ? { ...target.options, ...target.nodes[0] } : {}
    return library.single({ ...first, ...override })
  }

  function ownerIsReady(): boolean {
    return slot === undefined || ownersOf(slot, commandLink)[0]?.status === 'ready'
  }

  const commandLink = make('command')
  const command = createCalls({ link: commandLink, prefix, clock, patience: commandPatience, untraced })
  const lane = createLane({
    link: commandLink,
    plain: target.type === 'single' ? (commandLink as Redis) : undefined,
    library,
    prefix,
    clock,
    connected: ownerIsReady,
    patience: commandPatience.answer,
    untraced,
  })
  let worker: Calls | undefined
  const subscriber = createSubscriber({
    ...events,
    connect: connectSubscriber,
    sharded: rooms?.sharded ?? false,
    clock,
    delay,
    patience: connecting,
  })
  /** Of the namespace, which decides which node of a cluster has it. */
  let slot: number | undefined
  let stopTelling = () => {}

  function close(): void {
    stopPulse()
    stopTelling()
    subscriber.close()
    lane.close()
    command.close()
    worker?.close()
    for (const link of own) link.disconnect()
  }

  function openWorker(): Calls {
    const link = target.type === 'single' ? make('worker') : commandLink
    if (link !== commandLink) untraced(() => link.connect()).catch(() => {}) // It tries for ever, and its calls tell of it.
    return createCalls({ link, prefix, clock, patience: workerPatience, untraced })
  }

  const feel = createPulse()
  const stopPulse = clock.every(1_000, () => {
    feel(own.flatMap(nodesOf))
    if (subscriber.connection) feel([subscriber.connection])
  })
  try {
    await firstConnect(commandLink, context, target)
    reached = true
    if (target.type === 'single') await checkDatabase(command, target)
    await checkServer(command, context, name)
    if (rooms && commandLink.isCluster) {
      slot = Number(await command.send((link) => link.cluster('KEYSLOT', prefix)))
    }
  } catch (error) {
    close()
    throw error
  }
  if (rooms) stopTelling = tellOf(commandLink, rooms)

  return {
    prefix,
    command,
    get worker() {
      worker ??= openWorker()
      return worker
    },
    subscriber: {
      subscribe: (channels) => untraced(() => subscriber.subscribe(channels)),
      unsubscribe: (channels) => untraced(() => subscriber.unsubscribe(channels)),
    },
    lane,
    close,
  }
}

function tellOf(link: Link, { commandDown, commandUp, nodeDown }: RoomsLinks): () => void {
  link.on('close', commandDown)
  link.on('ready', commandUp)
  link.on('-node', nodeDown)
  return () => {
    link.off('close', commandDown)
    link.off('ready', commandUp)
    link.off('-node', nodeDown)
  }
}
