import type { CancelTimer, Clock } from '../clock.js'
import { isTriportError, TriportError } from '../errors.js'
import type { Late } from '../late.js'
import type { OutgoingMessage, Position, RoomsDriver } from '../ports/rooms.js'
import { soon } from '../soon.js'
import { relayed } from './envelope.js'
import type { Pressure } from './pressure.js'
import { quiet } from './quiet.js'

/**
 * What to do with a message while the broker is away. `reject`: the caller hears of it at once. `buffer`: it waits for the broker, with at
 * most 999 others and 1 MiB of text; what does not fit is rejected. `local`: it reaches the clients of this process, without a position
 * and marked `degraded`.
 */
export type OnBrokerDown = 'reject' | 'buffer' | 'local'

/**
 * Takes messages to the broker: those of one turn in one call, if they are not large, in the order in which they came. After a quiet time the first
 * goes by itself, at once.
 */
export interface Outbox {
  /** @throws what the driver rejects with; `ERR_UNSUPPORTED` for a `tx` that it has no use for. */
  publish(message: OutgoingMessage, tx?: unknown): Promise<Position | undefined>
  /** Delivers to this node first: for what is not kept. @throws as `publish`, when other nodes did not get it. */
  relay(message: OutgoingMessage): Promise<undefined>
  /** Messages that wait for the broker to return. */
  readonly buffered: number
  /** The broker is back: sends what waits. */
  retry(): void
  /** Rejects what waits. */
  close(): void
}

export interface OutboxOptions {
  readonly driver: Late<RoomsDriver>
  readonly clock: Clock
  /** @default 'reject' */
  readonly onBrokerDown?: OnBrokerDown | undefined
  /** Messages wait while this node is busy with delivering: publishers go no faster than it does. */
  readonly pressure: Pressure
  /** Names this node. */
  readonly instanceId: string
  /** Delivers to this node only, when `alone` because others cannot be reached. @returns False for what is meant for another one. */
  deliverLocally(message: OutgoingMessage, alone: boolean): boolean
}

interface Waiting {
  readonly message: OutgoingMessage
  /** Whether this node delivers it before the broker does. */
  readonly localFirst: boolean
  resolve(position: Position | undefined): void
  reject(error: unknown): void
}

export function createOutbox({
  driver,
  clock,
  onBrokerDown = 'reject',
  instanceId,
  pressure,
  deliverLocally,
}: OutboxOptions): Outbox {
  /** What has not left yet. */
  const waiting: Waiting[] = []
  /** Clock time at which something left last. */
  let leftAt = Number.NEGATIVE_INFINITY
  /** In order, and ahead of `waiting`. */
  let parked: Waiting[] = []
  let sending = false
  let stopRetrying: CancelTimer | undefined

  function flush(): void {
    if (pressure.busy) return void pressure.relieved().then(flush)
    const batch = waiting.splice(0, fitting(waiting))
    if (waiting.length > 0) soon(flush)
    leave(batch)
  }

  function leave(batch: readonly Waiting[]): void {
    leftAt = Number.POSITIVE_INFINITY // What is published meanwhile comes after these.
    for (const { message, localFirst } of batch) if (localFirst) deliverLocally(message, false)
    if (onBrokerDown !== 'buffer') void send(batch)
    else {
      park(batch)
      // While the broker is away, only the timer and its return try again.
      if (stopRetrying === undefined) void sendParked()
    }
    leftAt = clock.monotonic()
  }

  async function send(batch: readonly Waiting[]): Promise<boolean> {
    try {
      const positions = await driver.get().publish(batch.map(outgoing))
      batch.forEach(({ resolve }, index) => {
        resolve(positions[index])
      })
      return true
    } catch (error) {
      const away = isTriportError(error, 'ERR_BROKER_UNAVAILABLE')
      if (away && onBrokerDown === 'buffer') return false
      for (const each of batch) {
        const local = away && onBrokerDown === 'local' && (each.localFirst || deliverLocally(each.message, true))
        if (local) each.resolve(undefined)
        else each.reject(error)
      }
      return true
    }
  }

  function outgoing({ message, localFirst }: Waiting): OutgoingMessage {
    if (localFirst) return { ...message, text: relayed(message.text, instanceId) }
    return onBrokerDown === 'buffer' ? { ...message, fresh: false } : message // What failed goes again.
  }

  function queue(message: OutgoingMessage, localFirst: boolean): Promise<Position | undefined> {
    return new Promise((resolve, reject) => {
      const each = { message, localFirst, resolve, reject }
      if (waiting.length === 0 && clock.monotonic() - leftAt >= quiet && !pressure.busy) return leave([each])
      waiting.push(each)
      if (waiting.length === 1) soon(flush)
    })
  }

  function park(batch: readonly Waiting[]): void {
    let bytes = parked.reduce((sum, { message }) => sum + message.text.length, 0)
    for (const each of batch) {
      bytes += each.message.text.length
      // Until it has been tried, a batch is not waiting for anything, so the limit is for what comes on top.
      if (stopRetrying !== undefined && (parked.length >= mostParked || bytes > mostBytes)) each.reject(full())
      else parked.push(each)
    }
  }

  /** One call at a time, so that what is sent again does not come after what was published later. */
  async function sendParked(): Promise<void> {
    if (sending || parked.length === 0) return
    sending = true
    stopRetrying?.()
    stopRetrying = undefined
    const batch = parked
    parked = []
    const done = await send(batch)
    sending = false
    if (done) return void sendParked()
    stopRetrying = clock.after(retryEvery, sendParked)
    const later = parked
    parked = []
    park([...batch, ...later])
  }

  async function publishIn(tx: unknown, message: OutgoingMessage): Promise<Position | undefined> {
    const [position] = await driver.get().publish([message], { tx })
    return position
  }

  return {
    get buffered() {
      return parked.length
    },
    publish: (message, tx) => (tx === undefined ? queue(message, false) : publishIn(tx, message)),
    relay: (message) => queue(message, true) as Promise<undefined>,
    retry: () => void sendParked(),
    close() {
      stopRetrying?.()
      stopRetrying = undefined
      for (const { reject } of parked) reject(closed())
      parked = []
    },
  }
}

/** How many of them go in one call: a megabyte at once would be too much for the clients of this node. */
function fitting(waiting: readonly Waiting[]): number {
  let length = 0
  const last = waiting.findIndex(({ message }) => {
    length += message.text.length
    return length >= longestBatch
  })
  return last < 0 ? waiting.length : last + 1
}

const longestBatch = 65_536
const mostParked = 1_000
const mostBytes = 1_048_576
const retryEvery = 1_000

function full(): TriportError {
  return new TriportError(
    'ERR_BROKER_UNAVAILABLE',
    `The broker is away, and ${mostParked} messages or ${mostBytes} bytes wait for it already. Try again later.`,
  )
}

function closed(): TriportError {
  return new TriportError(
    'ERR_BROKER_UNAVAILABLE',
    'The runtime stopped before the broker was back, so the message was not published.',
  )
}
