import type { Redis } from 'ioredis'
import { within } from '../../core/clock.js'
import { invalidConfig } from '../../core/driver-options.js'
import { errorFrom, TriportError } from '../../core/errors.js'
import type { DriverContext } from '../../core/ports/driver.js'
import { failure } from './errors.js'
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
const connecting = 10_000
const longestDelay = 3_000

/**
 * Connects to Redis.
 *
 * @throws `ERR_PEER_MISSING`; `ERR_DRIVER_UNAVAILABLE` when Redis cannot be reached, `ERR_UNSUPPORTED` when it is older than 6.2;
 * `ERR_CONFIG_INVALID` when it does not have the database.
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

/** ioredis goes on trying when the first attempt fails. Who starts wants to know. */
async function firstConnect(link: Link, { clock }: DriverContext, target: Target): Promise<void> {
  if (link.status === 'end')
    throw invalidConfig('client is closed. Pass one that is open, or connect it again before the start.')
  let told: unknown
  const note = (error: unknown) => {
    told = error
  }
  link.on('error', note)
  try {
    if (link.status === 'wait') await link.connect()
    else if (link.status !== 'ready') {
      const ready = new Promise<void>((resolve) => void link.once('ready', resolve))
      if (!(await within(clock, connecting, ready))) throw new Error('it was not ready in time')
    }
  } catch (error) {
    throw failure(told ?? error, `Redis${placeOf(target)} cannot be reached${hintOf(target, told ?? error)}`)
  } finally {
    link.off('error', note)
  }
}

/** For who has mistaken the address: never its user or password. */
function placeOf(target: Target): string {
  if (target.type !== 'single') return ''
  const { host, port = 6_379, sentinels } = target.options
  return sentinels ? ' of the Sentinels' : ` at ${host}:${port}`
}

/** A server without TLS waits for the rest of what it takes for a command, or answers in clear. */
function hintOf(target: Target, error: unknown): string {
  const { message } = errorFrom(error)
  if (message.includes('Unknown RESP type')) return '. What answers there is no Redis'
  const asksForTls = target.type !== 'client' && target.options.tls !== undefined
  if (!asksForTls || /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|certificate/i.test(message)) return ''
  return ' over TLS. If it has none there, write redis:// instead of rediss://, and leave out tls'
}

/** ioredis goes on in database 0 when the server refuses the one that was asked for. */
async function checkDatabase(
  calls: Calls,
  { options: { db = 0 } }: Extract<Target, { type: 'single' }>,
): Promise<void> {
  if (db === 0) return
  try {
    await calls.send((link) => (link as Redis).select(Number(db)))
  } catch (cause) {
    const { message } = errorFrom(cause)
    if (!message.includes('DB index')) throw cause
    throw invalidConfig(`Redis does not have the database ${db}: ${message}`, cause)
  }
}

async function checkServer(calls: Calls, { report }: DriverContext, name: string): Promise<void> {
  const info = String(await calls.send((link) => link.info()))
  const [major = 0, minor = 0] = /redis_version:(\d+)\.(\d+)/.exec(info)?.slice(1).map(Number) ?? []
  if (major > 0 && (major < 6 || (major === 6 && minor < 2))) {
    throw new TriportError(
      'ERR_UNSUPPORTED',
      `Redis ${major}.${minor} is too old. triport needs 6.2 or later, or Valkey.`,
    )
  }
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? 'noeviction'
  if (policy !== 'noeviction') report(mayEvict(policy), { stage: `redis.${name}.start` })
}

function mayEvict(policy: string): TriportError {
  return new TriportError(
    'ERR_CONFIG_INVALID',
    `Redis has the maxmemory-policy "${policy}": when its memory is full, it drops jobs and messages and says nothing. ` +
      'Set it to noeviction.',
    { details: { policy } },
  )
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
