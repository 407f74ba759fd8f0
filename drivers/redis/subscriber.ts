import type { Redis } from 'ioredis'
import type { Clock } from '../../core/clock.js'
import { unavailable } from './errors.js'
import { readDirectly } from './library.js'

/** The one connection that hears what is published. It is made when something is subscribed to, and made anew for ever. */
export interface Subscriber {
  /** Resolves when messages on these channels will arrive. They are heard until they are unsubscribed, over all interruptions. */
  subscribe(channels: readonly string[]): Promise<void>
  unsubscribe(channels: readonly string[]): void
  /** The connection that there is now. */
  readonly connection: Redis | undefined
  close(): void
}

/** What a subscriber tells. None of it may throw. */
export interface SubscriberEvents {
  message(channel: string, content: Buffer): void
  /** The connection broke: messages are missed from now on. */
  down(): void
  /** All channels are subscribed again. */
  renewed(): void
}

export interface SubscriberDeps extends SubscriberEvents {
  /** Makes a connection that does not reconnect by itself. */
  connect(): Redis
  /** Whether channels are those of one shard, by the commands of Redis 7. */
  readonly sharded: boolean
  readonly clock: Clock
  /** Milliseconds until the next attempt after so many failures. */
  delay(failures: number): number
  /** Milliseconds until `subscribe` rejects. */
  readonly patience: number
}

/** Channels to subscribe to next, with one promise for all who wait. */
interface Batch {
  readonly channels: Set<string>
  readonly done: Promise<void>
  resolve(): void
}

/** How many channels one command names. */
const page = 512

export function createSubscriber(deps: SubscriberDeps): Subscriber {
  const { connect, sharded, clock, delay, patience, message, down, renewed } = deps
  const wanted = new Set<string>()
  let next = emptyBatch()
  let redis: Redis | undefined
  let reopening = () => {}
  let failures = 0
  let interrupted = false
  let closed = false
  let subscribing = false

  function open(): void {
    const opened = connect()
    redis = opened
    readDirectly(opened)
    opened.on('error', () => {}) // Its end follows, and the next attempt.
    opened.on(sharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, content: Buffer) => {
      message(channel.toString(), content)
    })
    opened.on('moved', () => opened.disconnect()) // The shard has given the channels to another node.
    opened.once('ready', () => void welcome())
    opened.once('end', () => lost(opened))
  }

  function lost(ended: Redis): void {
    if (redis !== ended) return
    redis = undefined
    failures++
    if (!interrupted) down()
    interrupted = true
    if (!closed) reopening = clock.after(delay(failures), open)
  }

  /** A new connection has no channels yet. */
  async function welcome(): Promise<void> {
    for (const channel of wanted) next.channels.add(channel)
    await flush()
  }

  async function flush(): Promise<void> {
    const current = redis
    if (subscribing || current?.status !== 'ready') return
    subscribing = true
    while (next.channels.size > 0 && redis === current) {
      const batch = next
      next = emptyBatch()
      try {
        await subscribeAll(current, batch.channels, sharded)
        batch.resolve()
      } catch {
        // The connection is gone or of no use, and the next one begins with all that is wanted.
        current.disconnect()
        void next.done.then(batch.resolve)
        for (const channel of batch.channels) if (wanted.has(channel)) next.channels.add(channel)
        if (next.channels.size === 0) next.resolve()
        break
      }
    }
    subscribing = false
    if (redis !== current) return void flush()
    if (current.status !== 'ready' || next.channels.size > 0) return
    failures = 0
    if (interrupted) renewed()
    interrupted = false
  }

  return {
    subscribe(channels) {
      if (closed) return Promise.reject(unavailable(new Error('the connection was closed')))
      for (const channel of channels) {
        wanted.add(channel)
        next.channels.add(channel)
      }
      const { done } = next
      if (redis) void flush()
      else if (failures === 0) open()
      return inTime(clock, patience, done)
    },
    unsubscribe(channels) {
      for (const channel of channels) {
        wanted.delete(channel)
        next.channels.delete(channel)
      }
      if (next.channels.size === 0) next.resolve()
      if (next.channels.size === 0) next = emptyBatch()
      if (redis?.status !== 'ready' || channels.length === 0) return
      const ended = sharded ? redis.sunsubscribe(...channels) : redis.unsubscribe(...channels)
      ended.catch(() => {}) // Then its connection is gone, and the subscription with it.
    },
    get connection() {
      return redis
    },
    close() {
      closed = true
      reopening()
      redis?.disconnect()
    },
  }
}

async function subscribeAll(redis: Redis, channels: Iterable<string>, sharded: boolean): Promise<void> {
  const all = [...channels]
  const calls: Promise<unknown>[] = []
  for (let from = 0; from < all.length; from += page) {
    const some = all.slice(from, from + page)
    calls.push(sharded ? redis.ssubscribe(...some) : redis.subscribe(...some))
  }
  await Promise.all(calls)
}

function emptyBatch(): Batch {
  let resolve = () => {}
  const done = new Promise<void>((resolved) => {
    resolve = resolved
  })
  return { channels: new Set(), done, resolve }
}

function inTime(clock: Clock, ms: number, done: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(unavailable(new Error('it did not subscribe in time'))))
    void done.then(() => {
      cancel()
      resolve()
    })
  })
}
